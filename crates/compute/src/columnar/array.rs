//! PostgreSQL's arrays in binary form (see `array_send` in its sources).

use super::fault::Unfit;
use crate::wire::Field;

/// Appends the elements of a one-dimensional array that counts from 1 to `elements`. A list knows neither further
/// dimensions nor another first index.
///
/// # Errors
/// What forbids it, for people to read.
pub(super) fn elements<'a>(bytes: &'a [u8], elements: &mut Vec<Field<'a>>) -> Result<(), Unfit> {
    let mut rest = bytes;
    let dimensions = word(&mut rest)?;
    // Whether it holds NULL, and the type of its elements: both are known from elsewhere.
    let (_, _) = (word(&mut rest)?, word(&mut rest)?);
    if dimensions == 0 {
        return ended(rest);
    }
    if dimensions != 1 {
        return Err(format!("an array of {dimensions} dimensions is no list").into());
    }
    let (length, first) = (word(&mut rest)?, word(&mut rest)?);
    if first != 1 {
        return Err(format!("an array that counts from {first} is no list").into());
    }
    for _ in 0..length {
        elements.push(element(&mut rest)?);
    }
    ended(rest)
}

/// Each dimension's length and first index, and all elements one behind the other.
pub(super) type Parts<'a> = (Vec<(i32, i32)>, Vec<Field<'a>>);

/// An array of any shape, for its text.
///
/// # Errors
/// If the bytes are no array.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, Unfit> {
    let mut rest = bytes;
    let (dimensions, _, _) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
    let dimensions = (0..dimensions)
        .map(|_| Ok((word(&mut rest)?, word(&mut rest)?)))
        .collect::<Result<Vec<_>, Unfit>>()?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        elements.push(element(&mut rest)?);
    }
    Ok((dimensions, elements))
}

fn ended(rest: &[u8]) -> Result<(), Unfit> {
    if rest.is_empty() { Ok(()) } else { Err("an array with bytes behind its end".into()) }
}

fn element<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, Unfit> {
    match word(rest)? {
        -1 => Ok(None),
        length => {
            let length = usize::try_from(length).map_err(|_| "an array element of negative length")?;
            let (element, tail) = rest.split_at_checked(length).ok_or("an array cut short")?;
            *rest = tail;
            Ok(Some(element))
        }
    }
}

fn word(rest: &mut &[u8]) -> Result<i32, Unfit> {
    let (word, tail) = rest.split_first_chunk().ok_or("an array cut short")?;
    *rest = tail;
    Ok(i32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn array(words: &[i32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<Field<'_>>, Unfit> {
        let mut found = Vec::new();
        elements(bytes, &mut found).map(|()| found)
    }

    #[test]
    fn elements_and_nulls_come_in_order() {
        let bytes = array(&[1, 1, 23, 3, 1, 4, 7, -1, 4, 9]);
        let seven = 7_i32.to_be_bytes();
        let nine = 9_i32.to_be_bytes();
        assert_eq!(decode(&bytes).unwrap(), [Some(&seven[..]), None, Some(&nine[..])]);
        assert_eq!(decode(&array(&[0, 0, 23])).unwrap(), []);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(decode(&array(&[2, 0, 23, 1, 1, 1, 1, 4, 7])).unwrap_err().0.contains("2 dimensions"));
        assert!(decode(&array(&[1, 0, 23, 1, 0, 4, 7])).unwrap_err().0.contains("counts from 0"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes);
        }
    }
}
