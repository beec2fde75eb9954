//! The names of the months in the large languages of Europe.

/// The months in full; their short names are the first three letters.
const ENGLISH: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The same in German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Polish and Turkish, where they are others. No word is of two months.
const FULL: [&[&str]; 12] = [
    &["januar", "jänner", "janvier", "enero", "gennaio", "janeiro", "januari", "ocak", "styczeń", "stycznia"],
    &["februar", "février", "fevrier", "febrero", "febbraio", "fevereiro", "februari", "şubat", "luty", "lutego"],
    &["märz", "mars", "marzo", "março", "marco", "maart", "marts", "mart", "marzec", "marca"],
    &["avril", "abril", "aprile", "nisan", "kwiecień", "kwietnia"],
    &["mai", "mayo", "maggio", "maio", "mei", "maj", "mayıs", "maja"],
    &["juni", "juin", "junio", "giugno", "junho", "haziran", "czerwiec", "czerwca"],
    &["juli", "juillet", "julio", "luglio", "julho", "temmuz", "lipiec", "lipca"],
    &["août", "aout", "agosto", "augustus", "augusti", "ağustos", "sierpień", "sierpnia"],
    &["septembre", "septiembre", "setiembre", "settembre", "setembro", "eylül", "wrzesień", "września"],
    &["oktober", "octobre", "octubre", "ottobre", "outubro", "ekim", "październik", "października"],
    &["novembre", "noviembre", "novembro", "kasım", "listopad", "listopada"],
    &["dezember", "décembre", "decembre", "diciembre", "dicembre", "dezembro", "aralık", "grudzień", "grudnia"],
];

/// Short names that are not the first three letters of an English month, those that are not shortened among them.
const SHORT: [&[&str]; 12] = [
    &["janv", "ene", "gen", "jän"],
    &["févr", "fevr", "fév", "fev"],
    &["mär", "märz", "mrz", "mars", "mrt"],
    &["avr", "abr"],
    &["mai", "mei", "maj", "mag"],
    &["juin", "giu", "juni"],
    &["juil", "lug", "juli"],
    &["août", "aout", "ago"],
    &["sept", "set"],
    &["okt", "ott", "out"],
    &[],
    &["dez", "déc", "dic"],
];

/// The month of a name, from 1: in full, or else `short`, without the point behind it. Case does not count.
pub(super) fn month(word: &str, short: bool) -> Option<i64> {
    let is_english = |name: &str| match short {
        true => word.len() == 3 && name.as_bytes().get(..3).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes())),
        false => word.eq_ignore_ascii_case(name),
    };
    let is = |names: &[&str]| names.iter().any(|name| name.chars().eq(word.chars().flat_map(char::to_lowercase)));
    let others = if short { &SHORT } else { &FULL };
    let place =
        ENGLISH.iter().position(|name| is_english(name)).or_else(|| others.iter().position(|names| is(names)))?;
    Some(place as i64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_of_two_months() {
        for (short, lists) in [(false, &FULL), (true, &SHORT)] {
            for (place, names) in lists.iter().enumerate() {
                assert!(names.iter().all(|name| month(name, short) == Some(place as i64 + 1)), "{names:?}");
            }
        }
        for (place, name) in ENGLISH.iter().enumerate() {
            let short = name.get(..3).unwrap();
            assert_eq!(
                (month(&name.to_uppercase(), false), month(short, true)),
                (Some(place as i64 + 1), Some(place as i64 + 1))
            );
        }
        assert_eq!(
            (month("MÄRZ", false), month("Sept", true), month("janv", false), month("", true)),
            (Some(3), Some(9), None, None)
        );
    }
}
