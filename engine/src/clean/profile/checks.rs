//! Numbers that someone gave out with a check digit: of goods, firms and persons. They are names, whatever can be reckoned with them.

use std::collections::BTreeSet;

/// Different numbers of which all check digits are right, from which on that is no accident.
const SEVERAL: usize = 5;

/// A kind of such numbers.
struct Given {
    /// What they are.
    name: &'static str,
    /// Whether they say who a person is.
    personal: bool,
    /// How many digits they have.
    lengths: &'static [usize],
    /// Whether the check digits of some digits are right.
    check: fn(&[u32]) -> bool,
}

/// All kinds, those with two check digits first.
const GIVEN: [Given; 7] = [
    Given { name: "numbers of persons in Brazil (CPF)", personal: true, lengths: &[11], check: |d| cpf(d) },
    Given { name: "numbers of firms in Brazil (CNPJ)", personal: false, lengths: &[14], check: |d| cnpj(d) },
    Given { name: "numbers of persons in Turkey (TCKN)", personal: true, lengths: &[11], check: |d| tckn(d) },
    Given { name: "numbers of persons in Poland (PESEL)", personal: true, lengths: &[11], check: |d| pesel(d) },
    Given { name: "tax numbers of Poland (NIP)", personal: false, lengths: &[10], check: |d| nip(d) },
    Given { name: "barcodes (EAN, UPC, GTIN)", personal: false, lengths: &[8, 12, 13, 14], check: |d| gtin(d) },
    Given {
        name: "numbers with a check digit (SIREN, SIRET, IMEI)",
        personal: false,
        lengths: &[9, 14, 15],
        check: |d| luhn(d),
    },
];

/// What numbers in texts, with or without the signs between their digits, are by their check digits, and whether that says who a person is.
pub fn given<'a>(texts: impl Iterator<Item = &'a str>) -> Option<(&'static str, bool)> {
    let mut kinds: Vec<&Given> = GIVEN.iter().collect();
    let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
    for text in texts {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
        if !text.bytes().all(|b| b.is_ascii_digit() || b". -/".contains(&b))
            || digits.windows(2).all(|pair| pair[0] == pair[1])
        {
            return None;
        }
        kinds.retain(|kind| kind.lengths.contains(&digits.len()) && (kind.check)(&digits));
        if kinds.is_empty() {
            return None;
        }
        if seen.len() < SEVERAL {
            seen.insert(digits);
        }
    }
    kinds.first().filter(|_| seen.len() >= SEVERAL).map(|kind| (kind.name, kind.personal))
}

/// The sum of digits times weights.
fn sum(digits: &[u32], weights: impl Iterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// GS1 General Specifications: weights 3 and 1 from the right.
fn gtin(digits: &[u32]) -> bool {
    let weights = (0..digits.len()).rev().map(|place| if place % 2 == 0 { 1 } else { 3 });
    sum(digits, weights) % 10 == 0
}

/// ISO/IEC 7812: every second digit from the right is doubled.
fn luhn(digits: &[u32]) -> bool {
    let of = |(place, digit): (usize, &u32)| match place % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    digits.iter().rev().enumerate().map(of).sum::<u32>() % 10 == 0
}

/// The check digit modulo 11 of Brazil.
fn modulo(digits: &[u32], weights: impl Iterator<Item = u32>) -> u32 {
    match sum(digits, weights) % 11 {
        rest @ 2.. => 11 - rest,
        _ => 0,
    }
}

fn cpf(digits: &[u32]) -> bool {
    let [.., first, second] = digits else { return false };
    modulo(digits, (2..=10).rev()) == *first && modulo(digits, (2..=11).rev()) == *second
}

fn cnpj(digits: &[u32]) -> bool {
    let [.., first, second] = digits else { return false };
    let weights = |from: u32| (2..=from).rev().chain((2..=9).rev());
    modulo(digits, weights(5)) == *first && modulo(digits, weights(6)) == *second
}

fn tckn(digits: &[u32]) -> bool {
    let [leading, .., first, second] = digits else { return false };
    let (odd, even) =
        (sum(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1].into_iter()), sum(digits, [0, 1, 0, 1, 0, 1, 0, 1].into_iter()));
    let all: u32 = digits.iter().take(10).sum();
    *leading != 0 && (odd * 7 + 10 * even - even) % 10 == *first && all % 10 == *second
}

fn pesel(digits: &[u32]) -> bool {
    sum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1].into_iter()) % 10 == 0
}

fn nip(digits: &[u32]) -> bool {
    let rest = sum(digits, [6, 5, 7, 2, 3, 4, 5, 6, 7].into_iter()) % 11;
    digits.last() == Some(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u32> {
        text.chars().filter_map(|c| c.to_digit(10)).collect()
    }

    #[test]
    fn check_digits_of_the_world() {
        for (check, right) in [
            (gtin as fn(&[u32]) -> bool, &["4006381333931", "036000291452", "96385074", "10012345678902"][..]),
            (luhn, &["732829320", "73282932000074", "490154203237518"]),
            (cpf, &["52998224725", "11144477735"]),
            (cnpj, &["11222333000181", "11444777000161"]),
            (tckn, &["10000000146"]),
            (pesel, &["44051401359", "02070803628"]),
            (nip, &["1234563218", "5260250274"]),
        ] {
            for number in right {
                assert!(check(&digits(number)), "{number}");
                let mut wrong = digits(number);
                wrong[4] = (wrong[4] + 1) % 10;
                assert!(!check(&wrong), "{number}");
            }
        }
    }

    #[test]
    fn several_are_no_accident() {
        let barcodes = ["4006381333931", "4006381333948", "4006381333955", "4006381333962", "4006381333979"];
        let name = |texts: &[&str]| given(texts.iter().copied()).map(|(name, _)| name);
        assert_eq!(name(&barcodes), Some("barcodes (EAN, UPC, GTIN)"));
        assert_eq!(name(&barcodes[..4]), None);
        assert_eq!((name(&[]), name(&["", "1"]), name(&["00000000"; 6])), (None, None, None));
    }
}
