//! Secrets at rest: what the metadata database stores of passwords is encrypted with a key that it does not know.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a nonce of its own for each secret. What is stored names its key, so that a new key
//! can take an old one's place while both are known.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use diesel::{PgConnection, prelude::*};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    rand::{SecureRandom, SystemRandom},
};
use serde_json::Value;

use crate::schema::{destinations, sources};

/// The environment variable that holds the keys. There is no flag for it: others would see it in the list of processes.
pub const VARIABLE: &str = "BACKFILL_SECRET_KEY";

/// What an encrypted secret begins with: `sealed:1:KEY:NONCE-AND-SECRET`.
const SEALED: &str = "sealed:1:";

/// Bytes of a key.
const KEY_LENGTH: usize = 32;

/// The process's keys.
static KEYS: OnceLock<Keys> = OnceLock::new();

/// Why a secret could not be encrypted or decrypted, or a key not be taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// No key was given.
    #[error(
        "{VARIABLE} is not set: it encrypts the passwords of sources and destinations. Make one with \
         `openssl rand -base64 32`, keep it, and give the same one to every API and daemon"
    )]
    NoKey,
    /// What was given is none.
    #[error(
        "{VARIABLE} must be {KEY_LENGTH} bytes in base64, as `openssl rand -base64 32` makes them, or several with commas between"
    )]
    BadKey,
    /// A secret was encrypted with a key that is not known here.
    #[error("stored passwords are encrypted with the key {0}, which {VARIABLE} does not hold")]
    UnknownKey(String),
    /// A stored secret was changed by somebody else.
    #[error("a stored password is damaged: it was not encrypted by the key that it names")]
    Damaged,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// Keys by which secrets are encrypted and decrypted.
pub struct Keys {
    /// Encrypts.
    first: Key,
    /// Decrypt what was encrypted before.
    others: Vec<Key>,
}

struct Key {
    /// The first bytes of the key's SHA-256, which tell keys apart and give nothing away.
    id: String,
    cipher: LessSafeKey,
}

impl Keys {
    /// Reads one key or several, in base64 with commas between: the first encrypts, all decrypt.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let mut keys = text.split(',').map(Key::parse);
        let first = keys.next().ok_or(SecretError::BadKey)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// Makes those of the environment the process's keys.
    ///
    /// # Errors
    /// If there are none, or they are unusable.
    pub fn from_environment() -> Result<(), SecretError> {
        let text = std::env::var(VARIABLE).map_err(|_| SecretError::NoKey)?;
        Self::parse(text.trim())?.install();
        Ok(())
    }

    /// Makes them the process's keys, unless it has some.
    pub fn install(self) {
        KEYS.get_or_init(|| self);
    }

    fn seal(&self, secret: &str) -> Result<String, SecretError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SecretError::NoRandomness)?;
        let mut sealed = secret.as_bytes().to_vec();
        let (nonce_of_it, id) = (Nonce::assume_unique_for_key(nonce), &self.first.id);
        let tag = self.first.cipher.seal_in_place_separate_tag(nonce_of_it, aad(id), &mut sealed);
        let tag = tag.map_err(|_| SecretError::Damaged)?;
        let bytes = [nonce.as_slice(), &sealed, tag.as_ref()].concat();
        Ok(format!("{SEALED}{id}:{}", BASE64.encode(bytes)))
    }

    fn open(&self, id: &str, text: &str) -> Result<String, SecretError> {
        let key = self.find(id).ok_or_else(|| SecretError::UnknownKey(id.to_owned()))?;
        let mut bytes = BASE64.decode(text).map_err(|_| SecretError::Damaged)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(SecretError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SecretError::Damaged)?;
        let secret = key.cipher.open_in_place(nonce, aad(id), sealed).map_err(|_| SecretError::Damaged)?;
        String::from_utf8(secret.to_vec()).map_err(|_| SecretError::Damaged)
    }

    fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.first).chain(&self.others).find(|key| key.id == id)
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| SecretError::BadKey)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| SecretError::BadKey)?;
        let digest = digest::digest(&digest::SHA256, &bytes);
        let id = digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { id, cipher: LessSafeKey::new(key) })
    }
}

/// What is encrypted belongs to its key's name.
fn aad(id: &str) -> Aad<String> {
    Aad::from(format!("{SEALED}{id}"))
}

fn keys() -> Result<&'static Keys, SecretError> {
    KEYS.get().ok_or(SecretError::NoKey)
}

/// Encrypts a secret for storage.
pub(crate) fn seal(secret: &str) -> Result<String, SecretError> {
    keys()?.seal(secret)
}

/// Decrypts what is stored. A secret in the clear, from before there was encryption, is what it is.
///
/// # Errors
/// If it is damaged, or its key is not at hand.
pub fn open(stored: &str) -> Result<String, SecretError> {
    match sealed(stored) {
        Some((id, text)) => keys()?.open(id, text),
        None => Ok(stored.to_owned()),
    }
}

/// What is to be stored in place of a secret that is in the clear, or of one that the first key has not encrypted. None
/// for one that can stay.
fn resealed(stored: &str, keep: Keep) -> Result<Option<String>, SecretError> {
    let keys = keys()?;
    match sealed(stored) {
        None => keys.seal(stored).map(Some),
        Some((id, _)) if id == keys.first.id => Ok(None),
        Some((id, _)) if keys.find(id).is_none() => Err(SecretError::UnknownKey(id.to_owned())),
        Some(_) if keep == Keep::EveryKey => Ok(None),
        Some((id, text)) => keys.seal(&keys.open(id, text)?).map(Some),
    }
}

/// The key and the rest of an encrypted secret.
fn sealed(stored: &str) -> Option<(&str, &str)> {
    stored.strip_prefix(SEALED)?.split_once(':')
}

/// Which encrypted secrets stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All whose key is known.
    EveryKey,
    /// Those of the first key.
    FirstKey,
}

/// Encrypts what the metadata database stores in the clear, or with a key that is not kept; how many secrets that were.
///
/// # Errors
/// If a key is missing for one of them; then nothing has changed, in a transaction that is rolled back.
pub fn seal_stored(connection: &mut PgConnection, keep: Keep) -> Result<usize, StoredError> {
    let mut count = 0;
    let passwords: Vec<(i64, String)> = sources::table
        .filter(sources::password.is_not_null())
        .select((sources::id, sources::password.assume_not_null()))
        .for_update()
        .load(connection)?;
    for (id, stored) in passwords {
        if let Some(resealed) = resealed(&stored, keep)? {
            let password = sources::password.eq(resealed);
            count += diesel::update(sources::table.find(id)).set(password).execute(connection)?;
        }
    }
    let settings: Vec<(i64, Value)> = destinations::table
        .select((destinations::id, destinations::settings))
        .for_update()
        .load(connection)?;
    for (id, mut settings) in settings {
        let Some(password) = settings.pointer_mut(PASSWORD) else { continue };
        if let Some(resealed) = password.as_str().map(|stored| resealed(stored, keep)).transpose()?.flatten()
        {
            *password = resealed.into();
            let settings = destinations::settings.eq(settings);
            count += diesel::update(destinations::table.find(id)).set(settings).execute(connection)?;
        }
    }
    Ok(count)
}

/// Where a destination's settings have their password.
pub(crate) const PASSWORD: &str = "/config/password";

/// Why stored secrets could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// One of them cannot be, or a key is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The metadata database refused.
    #[error("the metadata database: {0}")]
    Database(#[from] diesel::result::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        BASE64.encode([byte; KEY_LENGTH])
    }

    fn opened(keys: &Keys, stored: &str) -> Result<String, SecretError> {
        let (id, text) = sealed(stored).unwrap();
        keys.open(id, text)
    }

    #[test]
    fn a_secret_comes_back_and_is_never_stored_twice_the_same() {
        let keys = Keys::parse(&key(1)).unwrap();
        for secret in ["", "p@ss", "sealed:1:x:y", "пароль 🔑"] {
            let (one, two) = (keys.seal(secret).unwrap(), keys.seal(secret).unwrap());
            assert_ne!(one, two);
            assert!(secret.is_empty() || !one.contains(secret));
            assert_eq!(opened(&keys, &one).as_deref(), Ok(secret));
        }
    }

    #[test]
    fn what_was_changed_or_has_another_key_is_refused() {
        let keys = Keys::parse(&key(1)).unwrap();
        let stored = keys.seal("secret").unwrap();
        let (id, text) = sealed(&stored).unwrap();
        let mut bytes = BASE64.decode(text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(keys.open(id, &BASE64.encode(&bytes)), Err(SecretError::Damaged));
            bytes[at] ^= 1;
        }
        for text in ["", "!", "AAAA"] {
            assert_eq!(keys.open(id, text), Err(SecretError::Damaged));
        }
        let other = Keys::parse(&key(2)).unwrap();
        assert_eq!(opened(&other, &stored), Err(SecretError::UnknownKey(id.to_owned())));
        let both = Keys::parse(&format!("{}, {}", key(2), key(1))).unwrap();
        assert_eq!(opened(&both, &stored).as_deref(), Ok("secret"));
        assert!(sealed(&both.seal("secret").unwrap()).unwrap().0 == other.first.id);
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        for text in ["", "short", &BASE64.encode([1; 31]), &format!("{},", key(1))] {
            assert_eq!(Keys::parse(text).err(), Some(SecretError::BadKey), "{text}");
        }
    }
}
