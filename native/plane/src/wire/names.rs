//! The ids of geofences by number: appended to as fences are registered, read by every worker without waiting.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names of the first page; each page has twice the names of the one before.
const FIRST_PAGE_NAME_COUNT: usize = 1_024;
/// Together they hold 2³¹ names and more, as many as an int32 can number.
const PAGE_COUNT: usize = 22;

type Page = Box<[OnceLock<Box<str>>]>;

/// Append-only: a number keeps its name for ever, also after its fence was deleted.
#[derive(Debug, Default)]
pub struct Names {
    pages: [OnceLock<Page>; PAGE_COUNT],
    end: AtomicUsize,
}

impl Names {
    /// Name the numbers from `first_number` on. What has that name already keeps it.
    ///
    /// # Errors
    /// The number that has another name, or that is none an int32 can hold; those before it are named.
    pub fn extend<'a>(&self, first_number: usize, ids: impl IntoIterator<Item = &'a str>) -> Result<(), usize> {
        for (number, id) in (first_number..).zip(ids) {
            let (page, index) = Self::place(number).ok_or(number)?;
            let names =
                self.pages[page].get_or_init(|| (0..FIRST_PAGE_NAME_COUNT << page).map(|_| OnceLock::new()).collect());
            if names[index].get_or_init(|| id.into()).as_ref() != id {
                return Err(number);
            }
            self.end.fetch_max(number + 1, Ordering::Release);
        }
        Ok(())
    }

    /// The id behind a number; "" where none was named so.
    #[must_use]
    pub fn get(&self, number: i32) -> &str {
        usize::try_from(number)
            .ok()
            .and_then(Self::place)
            .and_then(|(page, index)| self.pages[page].get()?[index].get())
            .map_or("", |name| name)
    }

    /// One more than the greatest number named.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end.load(Ordering::Acquire)
    }

    /// Whether nothing is named yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Page, and index in it.
    fn place(number: usize) -> Option<(usize, usize)> {
        let page = (number / FIRST_PAGE_NAME_COUNT + 1).ilog2() as usize;
        let first = FIRST_PAGE_NAME_COUNT * ((1 << page) - 1);
        (i32::try_from(number).is_ok() && page < PAGE_COUNT).then_some((page, number - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_number_over_all_pages() {
        let names = Names::default();
        assert!(names.is_empty());
        let ids = (0..5_000).map(|number| format!("fence-{number}")).collect::<Vec<_>>();
        names.extend(0, ids[..1_000].iter().map(String::as_str)).unwrap();
        names.extend(1_000, ids[1_000..].iter().map(String::as_str)).unwrap();
        assert_eq!(names.len(), 5_000);
        for (number, id) in (0_i32..).zip(&ids) {
            assert_eq!(names.get(number), id);
        }
        for number in [-1, 5_000, i32::MIN, i32::MAX] {
            assert_eq!(names.get(number), "");
        }
    }

    #[test]
    fn a_name_is_never_changed() {
        let names = Names::default();
        names.extend(0, ["a", "b"]).unwrap();
        assert_eq!(names.extend(1, ["b", "c"]), Ok(()));
        assert_eq!(names.extend(0, ["a", "x", "y"]), Err(1));
        assert_eq!((names.get(1), names.get(2), names.len()), ("b", "c", 3));
        assert_eq!(names.extend(1 << 31, ["z"]), Err(1 << 31));
    }

    #[test]
    fn the_last_number_has_a_place_in_the_last_page() {
        let (page, index) = Names::place(i32::MAX as usize).unwrap();
        assert!(page < PAGE_COUNT && index < FIRST_PAGE_NAME_COUNT << page);
        assert_eq!(
            (Names::place(0), Names::place(1_023), Names::place(1_024)),
            (Some((0, 0)), Some((0, 1_023)), Some((1, 0)))
        );
    }

    #[test]
    fn readers_see_whole_names_while_others_are_added() {
        let names = Names::default();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..4_000).for_each(|number| names.extend(number, [number.to_string().as_str()]).unwrap()));
            scope.spawn(|| {
                while names.len() < 4_000 {
                    let last = i32::try_from(names.len()).unwrap() - 1;
                    assert!(last < 0 || names.get(last) == last.to_string());
                }
            });
        });
    }
}
