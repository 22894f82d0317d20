//! `threepid lookup` with address books, against the demo's servers on free ports.

use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;
use threepid::daemon::demo::{Demo, Settings};

use super::{Ran, beside, program, run, threepid};

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\u{1b}[31m\r\n\
                     TEL;VALUE=uri:tel:+44-7700-900124\r\n\
                     item1.EMAIL:nobody@exam\r\n ple.com\r\nEND:VCARD\r\n\
                     BEGIN:VCARD\r\nVERSION:3.0\r\nN:Smith;=Robert\r\nTEL:07700 900124\r\n\
                     TEL:tel:+49-30-123;ext=5\r\nTEL:so\u{1b}on\r\nEND:VCARD\r\n";

const TABLE: &str = "First Name,Last Name,E-mail 1 - Value,Phone 1 - Value\n\
                     Ann,Lee,alice@example.com ::: x@,+44 7700 900124\n";

/// Told of what is no identifier in the two.
const REFUSED: &str = "a.vcf:12: \"tel:+49-30-123;ext=5\" (=Robert Smith): an extension (5) follows \
                       the number: an identifier is a number alone\n\
                       a.vcf:13: \"so\\u{1b}on\" (=Robert Smith): unexpected 's' at character 1: \
                       expected a phone number: digits, with spaces, \"-\", \".\", \"/\" and brackets \
                       between them\n\
                       b.csv:2: \"x@\" (Ann Lee): empty domain\n\
                       b.csv: read are the columns E-mail 1 - Value, Phone 1 - Value\n";

/// The demo, with the address books beside its configurations.
async fn demo(directory: &Path) -> Demo {
    let resolver = "127.0.0.1:0".parse().expect("an address");
    let settings = Settings { resolver, port: 0, ..Settings::new(directory.to_owned()) };
    fs::write(directory.join("a.vcf"), CARDS).expect("writable");
    fs::write(directory.join("b.csv"), TABLE).expect("writable");
    Demo::start(&settings).await.expect("the demo starts")
}

/// Looks up both, and more.
async fn lookup(directory: &Path, more: &[&str]) -> Ran {
    let both =
        ["lookup", "-c", "client.toml", "--country", "GB", "--vcard", "a.vcf", "--csv", "b.csv"];
    beside(directory, &[&both, more].concat()).await
}

#[tokio::test]
async fn everybody_in_address_books_is_looked_up_once() {
    let directory = tempfile::tempdir().unwrap();
    let demo = demo(directory.path()).await;

    let ran = lookup(directory.path(), &["+447700900125"]).await;
    let expected = "\
NAME                              IDENTIFIER          MATRIX USER                   VERDICT
                                  +447700900125       withdrawn                     proved, trusted
Bob\\u{1b}[31m, =Robert Smith, A…  +447700900124       @bob:matrix.example           proved, trusted
Bob\\u{1b}[31m                     nobody@example.com  unknown                       proved
Ann Lee                           alice@example.com   @\u{c4}lice/1:matrix.example:8448  proved, trusted
";
    assert_eq!(ran.stdout, expected, "{}", ran.stderr);
    assert_eq!(ran.stderr, format!("{REFUSED}2 found, 1 unknown, 3 refused, 1 withdrawn\n"));
    assert_eq!(ran.code, 3, "what is no identifier is the gravest");

    let ran = lookup(directory.path(), &["--format", "csv"]).await;
    let names = "Bob\\u{1b}[31m ::: =Robert Smith ::: Ann Lee";
    let expected = format!(
        "names,identifier,outcome,mxid,proved,trusted\r\n\
         '=Robert Smith,tel:+49-30-123;ext=5,refused,,,\r\n\
         '=Robert Smith,so\\u{{1b}}on,refused,,,\r\n\
         Ann Lee,x@,refused,,,\r\n\
         {names},+447700900124,found,@bob:matrix.example,true,true\r\n\
         Bob\\u{{1b}}[31m,nobody@example.com,unknown,,true,\r\n\
         Ann Lee,alice@example.com,found,'@\u{c4}lice/1:matrix.example:8448,true,true\r\n"
    );
    assert_eq!(ran.stdout, expected);

    let ran = lookup(directory.path(), &["--json"]).await;
    let objects: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |object: &Value| {
        let line = object["line"].as_u64().unwrap_or_default();
        format!("{} {} {} {line}", object["identifier"], object["names"], object["outcome"])
    };
    let told: Vec<String> = objects.iter().map(told).collect();
    let expected = [
        r#""tel:+49-30-123;ext=5" ["=Robert Smith"] "refused" 12"#,
        r#""so\u001bon" ["=Robert Smith"] "refused" 13"#,
        r#""x@" ["Ann Lee"] "refused" 2"#,
        r#""tel:+44-7700-900124" ["Bob\u001b[31m","=Robert Smith","Ann Lee"] "found" 0"#,
        r#""nobody@example.com" ["Bob\u001b[31m"] "unknown" 0"#,
        r#""alice@example.com" ["Ann Lee"] "found" 0"#,
    ];
    assert_eq!(told, expected);
    let columns = REFUSED.lines().last().unwrap();
    assert_eq!(ran.stderr, format!("{columns}\n2 found, 1 unknown, 3 refused\n"));

    let ran = lookup(directory.path(), &["--format", "text"]).await;
    let book = "\n  in the address book: Bob\\u{1b}[31m, =Robert Smith, Ann Lee\n";
    assert!(ran.stdout.starts_with("+447700900124: @bob:"), "{ran:?}");
    assert!(ran.stdout.contains(book), "{ran:?}");

    let arguments = ["lookup", "-c", "client.toml", "--vcard", "-"];
    let mut command = program(directory.path(), &arguments);
    command.stdin(File::open(directory.path().join("a.vcf")).unwrap());
    let ran = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    let national =
        "standard input:11: \"07700 900124\" (=Robert Smith): a phone number in national";
    assert!(ran.stderr.starts_with(national), "{ran:?}");
    let end = "1 found, 1 unknown, 3 refused\n\
               Phone numbers in national format are understood with --country CC.\n";
    assert!(ran.stderr.ends_with(end), "{ran:?}");
    demo.stop().await;
}

#[test]
fn what_is_no_address_book_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let config = include_str!("../../config/client.toml");
    fs::write(directory.path().join("client.toml"), config).unwrap();
    fs::write(directory.path().join("a.csv"), "\u{feff}name,phone\nBob,\n").unwrap();
    fs::write(directory.path().join("b.csv"), b"\xff\xfea\0").unwrap();
    let lookup = |arguments: &[&str]| {
        let all = [&["lookup", "-c", "client.toml"], arguments].concat();
        threepid(directory.path(), &all)
    };
    let ran = lookup(&["--vcard", "absent.vcf"]);
    let told = "error: cannot read absent.vcf: No such file or directory (os error 2)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (3, told));
    let ran = lookup(&["--vcard", "a.csv"]);
    let told = "error: a.csv: no vCard in it: one starts with BEGIN:VCARD\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (3, told));
    let ran = lookup(&["--csv", "b.csv"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (3, "error: b.csv: it is in UTF-16: save it in UTF-8\n")
    );
    let ran = lookup(&["--csv", "-", "--vcard", "-"]);
    let told = "error: standard input (-) can be read once\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (64, told));
    for (content, told) in [
        ("\u{feff}name,phone\nBob,\n", "error: nothing to look up in c.csv: it has no email"),
        ("", "error: nothing to look up in c.csv: "),
        ("Name,Phone\n\"Gina,+447700900777\nX,Y\n", "error: c.csv:2: a quote that is not closed\n"),
        ("Name,Phone\nX,Y\n\u{0}", "error: c.csv:3: a NUL octet: "),
        (CARDS, "error: c.csv: vCards, not a table: "),
    ] {
        fs::write(directory.path().join("c.csv"), content).unwrap();
        let ran = lookup(&["--csv", "c.csv"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        assert!(ran.stderr.starts_with(told), "{ran:?}");
    }
    fs::write(directory.path().join("a.vcf"), "BEGIN:VCARD\nFN:A\nEND:VCARD\n").unwrap();
    let ran = lookup(&["--vcard", "a.vcf"]);
    let told = "error: nothing to look up in a.vcf: it has no email";
    assert!(ran.code == 3 && ran.stderr.starts_with(told), "{ran:?}");
    for mistaken in [&["--json", "--format", "csv", "a@b.example"], &["--format", "x", "-", "-"]] {
        assert_eq!(lookup(mistaken).code, 64);
    }
    assert_eq!(lookup(&[]).code, 64);
}
