//! The dashboard as browsers are given it.

use std::{fs, path::Path};

use backfill_api::server::Dashboard;

use crate::harness::TestApp;

const PAGE: &str =
    "<!doctype html><head><base href=\"/\" /><script src=\"assets/app-1a2b.js\"></script></head>";

/// A server that shows a dashboard, below this path.
fn showing(base_path: &str) -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("dist");
    fs::create_dir_all(built.join("assets")).unwrap();
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    fs::write(built.join("index.html"), PAGE).unwrap();
    fs::write(built.join("favicon.svg"), "<svg/>").unwrap();
    fs::write(built.join(".hidden"), "secret").unwrap();
    fs::write(built.join("assets/app-1a2b.js"), "console.log(1)".repeat(1000)).unwrap();
    let app = TestApp::showing(Dashboard::new(Some(built), base_path.to_owned()).unwrap());
    (folder, app)
}

#[test]
fn a_browser_gets_the_page_wherever_it_is_led() {
    let (_folder, app) = showing("/");
    for path in ["//", "//index.html", "//jobs/12", "//pipelines/3/backfill?status=FAILED"] {
        let page = app.browse(path);
        assert_eq!((page.status, page.text.as_str()), (200, PAGE), "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert!(page.header("content-security-policy").starts_with("default-src 'self'; script-src 'self';"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    assert_eq!(app.get("//").text, PAGE);
}

#[test]
fn the_api_answers_for_itself() {
    let (_folder, app) = showing("/");
    for path in ["//api/v1/nothing", "//api", "//assets/old-9f.js", "//health/no", "//metrics/no"] {
        app.browse(path).problem(404);
    }
    app.browse("//api/v1/sources/1/test").problem(405);
    app.get("//jobs/12").problem(404);
    app.post("//jobs/12", serde_json::json!({})).problem(404);
    assert_eq!(app.browse("//health/live").status, 200);
    let docs = app.browse("//api/docs/");
    assert!(docs.text.contains("swagger-ui-bundle.js") && docs.header("content-security-policy").is_empty());
}

#[test]
fn files_are_kept_as_long_as_their_names_tell() {
    let (folder, app) = showing("/");
    let script = app.get("//assets/app-1a2b.js");
    assert_eq!(script.header("content-type"), "text/javascript");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("x-content-type-options"), "nosniff");
    let icon = app.browse("//favicon.svg");
    assert_eq!((icon.text.as_str(), icon.header("cache-control")), ("<svg/>", "no-cache"));
    assert_eq!(app.get_compressed("//assets/app-1a2b.js").header("content-encoding"), "br");
    fs::write(folder.path().join("dist/index.html"), "anew").unwrap();
    assert_eq!(app.get("//").text, "anew");
}

#[test]
fn nothing_outside_the_folder_is_shown() {
    let (_folder, app) = showing("/");
    for path in [
        "//../secret.txt",
        "//assets/../../secret.txt",
        "//%2e%2e/secret.txt",
        "//..%2fsecret.txt",
        "//assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "//.hidden",
        "//assets//etc/passwd",
        "//assets",
        "//%00",
        "//%ff",
    ] {
        for answer in [app.get(path), app.browse(path)] {
            let is_page = answer.status == 200 && answer.text == PAGE;
            assert!(is_page || answer.status == 404, "{path}: {} {}", answer.status, answer.text);
        }
    }
}

#[test]
fn a_proxy_may_offer_it_below_a_path() {
    let (_folder, app) = showing("/tools/backfill/");
    assert!(app.browse("//jobs/1").text.contains("<base href=\"/tools/backfill/\" />"));
}

#[test]
fn a_folder_without_a_dashboard_is_refused() {
    let error = Dashboard::new(Some(Path::new("/no/such/folder").to_owned()), "/".to_owned()).unwrap_err();
    assert!(error.to_string().starts_with("/no/such/folder/index.html: "), "{error}");
}
