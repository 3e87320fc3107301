//! The load generator as a program: a plan as JSON on stdin, the report as JSON on stdout.

use std::io::{self, Read};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut plan = String::new();
    let result = match io::stdin().read_to_string(&mut plan) {
        Ok(_) => geooffer_load::run_load(&plan).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
