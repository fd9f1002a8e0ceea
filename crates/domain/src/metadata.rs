//! How both services reach the metadata database.

/// What libpq is told unless the user tells it otherwise: a server that is gone without a word is noticed within some 20
/// seconds, and is not waited for much longer than that.
const PARAMETERS: [(&str, &str); 5] = [
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    // Milliseconds.
    ("tcp_user_timeout", "20000"),
];

/// What each session is told first. A chunk that a destination has committed must not be forgotten by the queue after a
/// crash, even where the server does not wait for its log otherwise.
pub const DURABLE: &str = "SELECT set_config(name, 'on', false) FROM pg_settings \
     WHERE name = 'synchronous_commit' AND setting = 'off'";

/// `url`, which may have either of libpq's forms, with what is to be said of time-outs.
pub fn with_timeouts(url: &str) -> String {
    let missing = PARAMETERS.iter().filter(|(name, _)| !url.contains(&format!("{name}=")));
    let missing: Vec<_> = missing.map(|(name, value)| format!("{name}={value}")).collect();
    if missing.is_empty() {
        return url.to_owned();
    }
    match (url.contains("://"), url.contains('?')) {
        (true, true) => format!("{url}&{}", missing.join("&")),
        (true, false) => format!("{url}?{}", missing.join("&")),
        (false, _) => format!("{url} {}", missing.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_stays() {
        let all = "connect_timeout=5&keepalives_idle=10&keepalives_interval=3&keepalives_count=3&tcp_user_timeout=20000";
        assert_eq!(with_timeouts("postgres://u@h/d"), format!("postgres://u@h/d?{all}"));
        assert_eq!(
            with_timeouts("postgres://u@h/d?sslmode=disable&connect_timeout=60"),
            format!(
                "postgres://u@h/d?sslmode=disable&connect_timeout=60&{}",
                &all["connect_timeout=5&".len()..]
            )
        );
        assert_eq!(with_timeouts("host=h dbname=d"), format!("host=h dbname=d {}", all.replace('&', " ")));
        let told = with_timeouts("host=h");
        assert_eq!(with_timeouts(&told), told);
    }
}
