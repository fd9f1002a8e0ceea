//! PostgreSQL's numeric in binary form (see `numeric_send` in its sources): a header of four 16-bit words, then
//! digits to the base of 10,000.

use super::fault::Unfit;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Powers of ten up to the largest that a DECIMAL of 38 digits can need.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Reads a numeric as the integer that a DECIMAL of this precision and scale is made of, exactly.
///
/// # Errors
/// What forbids it, for people to read.
pub(super) fn decode(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, Unfit> {
    let (header, digits) = bytes.split_first_chunk::<8>().ok_or("a numeric cut short")?;
    let [count, weight, sign, _] = words(header);
    match sign {
        0 | NEGATIVE => {}
        NAN => return Err("a DECIMAL has no NaN".into()),
        INFINITY | NEGATIVE_INFINITY => return Err("a DECIMAL has no infinity".into()),
        _ => return Err("a numeric of unknown sign".into()),
    }
    let (digits, rest) = digits.as_chunks::<2>();
    if digits.len() != usize::from(count) || !rest.is_empty() {
        return Err("a numeric of another length than it says".into());
    }
    let mut magnitude = 0_i128;
    // The decimal exponent of the digit's unit, once the point is moved behind the scale's last place.
    let mut exponent = i32::from(weight.cast_signed()) * 4 + i32::from(scale);
    for digit in digits {
        magnitude = shifted(u16::from_be_bytes(*digit), exponent)?
            .and_then(|part| magnitude.checked_add(part))
            .filter(|sum| *sum < POWERS[usize::from(precision)])
            .ok_or_else(|| format!("it has more than {precision} digits"))?;
        exponent -= 4;
    }
    Ok(if sign == NEGATIVE { -magnitude } else { magnitude })
}

/// A numeric as PostgreSQL writes it; `None` where the bytes are none.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let (header, digits) = bytes.split_first_chunk::<8>()?;
    let [_, weight, sign, scale] = words(header);
    let sign = match sign {
        0 => "",
        NEGATIVE => "-",
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let groups: Vec<_> = digits.as_chunks::<2>().0.iter().map(|digit| u16::from_be_bytes(*digit)).collect();
    // The group of four digits at this place: 0 is the one before the point, -1 the one behind it.
    let group = |place: i32| {
        let at = usize::try_from(i32::from(weight.cast_signed()) - place).ok();
        at.and_then(|at| groups.get(at)).copied().unwrap_or_default()
    };
    let whole: String =
        (0..=weight.cast_signed().max(0)).rev().map(|place| format!("{:04}", group(place.into()))).collect();
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    if scale == 0 {
        return Some(format!("{sign}{whole}"));
    }
    let groups = i32::from(scale.div_ceil(4));
    let fraction: String = (1..=groups).map(|place| format!("{:04}", group(-place))).collect();
    Some(format!("{sign}{whole}.{}", &fraction[..usize::from(scale)]))
}

fn words(header: &[u8; 8]) -> [u16; 4] {
    let [a, b, c, d, e, f, g, h] = *header;
    [[a, b], [c, d], [e, f], [g, h]].map(u16::from_be_bytes)
}

/// `digit` times ten to the power of `exponent`; `None` if that is more than any DECIMAL holds.
fn shifted(digit: u16, exponent: i32) -> Result<Option<i128>, Unfit> {
    if digit > 9999 {
        return Err("a numeric with a digit above 9999".into());
    }
    if digit == 0 {
        return Ok(Some(0));
    }
    let places = exponent.unsigned_abs();
    if exponent >= 0 {
        let power = usize::try_from(places).ok().and_then(|places| POWERS.get(places));
        return Ok(power.and_then(|power| i128::from(digit).checked_mul(*power)));
    }
    match 10_u16.checked_pow(places) {
        Some(unit) if digit.is_multiple_of(unit) => Ok(Some((digit / unit).into())),
        _ => Err("it has more digits behind the point than the column's scale".into()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `numeric_send` writes for `value` divided by ten to the power of `scale`.
    pub(in crate::columnar) fn encode(value: i128, scale: u8) -> Vec<u8> {
        // Whole groups of four digits on both sides of the point.
        let padding = (4 - usize::from(scale) % 4) % 4;
        let mut text = format!("{}{}", value.unsigned_abs(), "0".repeat(padding));
        while text.len() % 4 != 0 {
            text.insert(0, '0');
        }
        let groups: Vec<u16> = text
            .as_bytes()
            .chunks(4)
            .map(|group| std::str::from_utf8(group).unwrap().parse().unwrap())
            .collect();
        let behind = (usize::from(scale) + padding) / 4;
        let weight = groups.len() as i16 - behind as i16 - 1;
        let skipped = groups.iter().take_while(|group| **group == 0).count();
        let sign = if value < 0 { NEGATIVE } else { 0 };
        let digits = &groups[skipped..];
        let header = [digits.len() as u16, (weight - skipped as i16).cast_unsigned(), sign, u16::from(scale)];
        header.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    fn special(sign: u16) -> Vec<u8> {
        [0, 0, sign, 0].iter().flat_map(|word: &u16| word.to_be_bytes()).collect()
    }

    #[test]
    fn what_a_decimal_cannot_hold_is_refused() {
        for sign in [NAN, INFINITY, NEGATIVE_INFINITY, 0x1234] {
            assert!(decode(&special(sign), 38, 0).is_err());
        }
        assert!(decode(&encode(1000, 0), 3, 0).is_err());
        assert!(decode(&encode(15, 1), 3, 0).is_err());
        assert!(decode(&encode(POWERS[38] - 1, 0), 38, 1).is_err());
        assert_eq!(decode(&encode(999, 0), 3, 0), Ok(999));
    }

    proptest! {
        #[test]
        fn every_decimal_comes_out_as_it_went_in(value in -POWERS[38] + 1..POWERS[38], scale in 0_u8..=38) {
            prop_assert_eq!(decode(&encode(value, scale), 38, scale), Ok(value));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..24), scale in 0_u8..=38) {
            let _ = decode(&bytes, 38, scale);
        }
    }
}
