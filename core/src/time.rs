//! Time as an argument: core never asks a clock.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const MILLIS_PER_DAY: u64 = 86_400_000;

/// A moment (milliseconds since the Unix epoch) or a length of time, always in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The time from `earlier` to `self`; zero when the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// `self` moved into the future by `length`.
    #[must_use]
    pub fn after(self, length: Self) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// ISO 8601 in UTC with milliseconds, as the wire has it: `2026-01-31T08:05:09.042Z`.
    #[must_use]
    pub fn to_iso(self) -> String {
        let (year, month, day) = civil(self.0 / MILLIS_PER_DAY);
        let in_day = self.0 % MILLIS_PER_DAY;
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, millis) = (in_day / 1_000 % 60, in_day % 1_000);
        // Written digit by digit: a status needs two of these, and padded `format!` arguments showed in its profile.
        let mut text = String::with_capacity("0000-00-00T00:00:00.000Z".len());
        let date = [(year, 4, '-'), (month, 2, '-'), (day, 2, 'T')];
        let time = [(hour, 2, ':'), (minute, 2, ':'), (second, 2, '.'), (millis, 3, 'Z')];
        for (number, width, mark) in date.into_iter().chain(time) {
            push_padded(&mut text, number, width);
            text.push(mark);
        }
        text
    }

    /// Reads what [`Millis::to_iso`] writes, with any number of digits behind the second; None for anything else.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time, ':')?;
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && (1970..=9999).contains(&year);
        if !in_range || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self(seconds * 1_000 + thousandths))
    }

    /// For `#[serde(serialize_with)]`: a moment that the wire has as text.
    pub fn serialize_iso<S: Serializer>(moment: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&moment.to_iso())
    }

    /// The inverse, for `#[serde(deserialize_with)]`.
    pub fn deserialize_iso<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_iso(&text).ok_or_else(|| D::Error::custom("not a moment in ISO 8601"))
    }
}

/// Writes a number with at least so many digits.
fn push_padded(text: &mut String, number: u64, width: u32) {
    let width = width.max(number.checked_ilog10().map_or(1, |log| log + 1));
    for place in (0..width).rev() {
        let digit = number / 10_u64.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let numbers: Option<Vec<u64>> = text.split(separator).map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// The inverse of [`civil`].
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let (era, year_of_era) = (year / 400, year % 400);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of the Gregorian calendar. Counted in eras of 400 years that begin on 1 March, so leap days come last.
fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_clock_that_went_backwards_measures_no_time() {
        assert_eq!(Millis(5).since(Millis(9)), Millis(0));
        assert_eq!(Millis(9).since(Millis(5)), Millis(4));
    }

    #[test]
    fn the_far_future_does_not_overflow() {
        assert_eq!(Millis(u64::MAX - 1).after(Millis(7)), Millis(u64::MAX));
    }

    #[test]
    fn moments_read_as_iso_8601() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_767_225_600_042, "2026-01-01T00:00:00.042Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Millis(millis).to_iso(), text);
            assert_eq!(Millis::from_iso(text), Some(Millis(millis)));
        }
        assert_eq!(Millis(253_402_300_800_000).to_iso(), "10000-01-01T00:00:00.000Z");
        for nonsense in ["", "Z", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "1969-12-31T00:00:00Z"]
        {
            assert_eq!(Millis::from_iso(nonsense), None, "{nonsense}");
        }
    }
}
