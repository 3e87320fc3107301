//! Header blocks (HPACK, RFC 7541): requests written literally, responses read for how a call ended.

use loona_hpack::Decoder;

/// Of `PingService`.
pub const STREAM_PINGS: &str = "/geooffer.v1.PingService/StreamPings";

/// The header block of a call.
#[must_use]
pub fn request_block(path: &str, authority: &str, is_tls: bool, token: &str) -> Vec<u8> {
    // indexed: ":method: POST", ":scheme: http" or "https"
    let mut block = vec![0x83, if is_tls { 0x87 } else { 0x86 }];
    put_literal(&mut block, &[0x04], path);
    put_literal(&mut block, &[0x01], authority);
    put_literal(&mut block, &[0x0f, 0x10], "application/grpc");
    put_literal(&mut block, &[0x00, 0x02, b't', b'e'], "trailers");
    if !token.is_empty() {
        put_literal(&mut block, &[0x0f, 0x08], &format!("Bearer {token}"));
    }
    block
}

/// A field that is not indexed: its name as given (an index, or a literal), its value without Huffman.
fn put_literal(block: &mut Vec<u8>, name: &[u8], value: &str) {
    block.extend_from_slice(name);
    let mut length = value.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap_or(0));
    } else {
        block.push(127);
        length -= 127;
        while length > 127 {
            block.push(u8::try_from(length % 128).unwrap_or(0) | 0x80);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap_or(0));
    }
    block.extend_from_slice(value.as_bytes());
}

/// How a call ended, by a header block of its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `grpc-status`; None = the block has none, it is the beginning of the response.
    pub status: Option<u32>,
    /// `grpc-message`, as it was sent.
    pub message: String,
    /// `:status` other than 200.
    pub http_status: Option<String>,
}

/// Read a response's block. Blocks of one connection have to be read in their order, all of them.
///
/// # Errors
/// The block is none.
pub fn read_response(decoder: &mut Decoder<'_>, block: &[u8]) -> Result<Told, String> {
    let mut told = Told::default();
    decoder
        .decode_with_cb(block, |name, value| {
            let text = || String::from_utf8_lossy(&value).into_owned();
            match &*name {
                b"grpc-status" => told.status = text().parse().ok(),
                b"grpc-message" => told.message = text(),
                b":status" if &*value != b"200" => told.http_status = Some(text()),
                _ => {}
            }
        })
        .map_err(|error| format!("header block: {error:?}"))?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_block_says_what_a_call_is() {
        let token = "x".repeat(400);
        let block = request_block(STREAM_PINGS, "localhost", true, &token);
        let fields = Decoder::new().decode(&block).expect("a block");
        let text = |(name, value): &(Vec<u8>, Vec<u8>)| {
            format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        let expected = [
            ":method=POST".to_owned(),
            ":scheme=https".to_owned(),
            format!(":path={STREAM_PINGS}"),
            ":authority=localhost".to_owned(),
            "content-type=application/grpc".to_owned(),
            "te=trailers".to_owned(),
            format!("authorization=Bearer {token}"),
        ];
        assert_eq!(fields.iter().map(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_end_of_a_call_is_read_from_its_trailers() {
        let mut trailers = Vec::new();
        put_literal(&mut trailers, b"\x00\x0bgrpc-status", "16");
        put_literal(&mut trailers, b"\x00\x0cgrpc-message", "a valid token is required");
        let told = read_response(&mut Decoder::new(), &trailers).expect("a block");
        assert_eq!(told.status, Some(16));
        assert_eq!(told.message, "a valid token is required");
        let begun = read_response(&mut Decoder::new(), &[0x88]).expect("a block");
        assert_eq!(begun, Told::default());
        assert!(read_response(&mut Decoder::new(), &[0xff, 0xff]).is_err());
    }
}
