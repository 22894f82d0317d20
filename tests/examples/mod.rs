//! The examples do what their headers say, with the commands that stand there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use threepid::daemon::demo::{Demo, Settings};
use threepid::threepid::Threepid;

use crate::cli::beside;
use crate::interop::client::await_association;
use crate::interop::process::{Ran, run};

/// All of them.
const EXAMPLES: [&str; 5] = ["address_book", "lookup", "publish", "sign_association", "verify"];

/// Where the built examples are. They are built where that was not done with the tests.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_BIN_EXE_threepid"));
        let directory = program.parent().expect("it is in a directory");
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["build", "--quiet", "--locked", "--offline", "--examples", "--target-dir"])
            .arg(directory.parent().expect("the profile's is in the target directory"))
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(run(&mut command).code, 0, "{command:?}");
        directory.join("examples")
    })
}

/// The command in the header of an example, in a shell's language.
fn command(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{name}.rs"));
    let text = std::fs::read_to_string(path).expect("an example is text");
    let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let header = header.join("\n");
    let command = header.split("```sh").nth(1).and_then(|rest| rest.split("```").next());
    let command = command.expect("a header has a command").to_owned();
    assert!(command.contains(&format!("cargo run --example {name} --")), "{command}");
    let built = built().join(name).display().to_string();
    command.replace(&format!("cargo run --example {name} --"), &built)
}

/// Runs the command in the header of an example, where `demo-state` is in `directory`, against the
/// resolver of this demo.
async fn example(directory: &Path, demo: &Demo, name: &str) -> Ran {
    let resolver = demo.resolver().to_string();
    let mut command = Command::new("sh");
    command
        .args(["-c", &self::command(name).replace("127.0.0.1:5300", &resolver)])
        .current_dir(directory)
        .stdin(Stdio::null());
    tokio::task::spawn_blocking(move || run(&mut command)).await.expect("it runs")
}

#[tokio::test]
async fn each_does_what_its_header_says() {
    let directory = tempfile::tempdir().unwrap();
    let resolver = "127.0.0.1:0".parse().unwrap();
    let state = directory.path().join("demo-state");
    let settings = Settings { resolver, port: 0, ..Settings::new(state) };
    let demo = Demo::start(&settings).await.unwrap();
    for (name, expected) in [
        (
            "lookup",
            "+447700900123 is @alice:matrix.example\nproved by the tree: true\n\
             verify.example vouches for it\nto be acted upon: true\n",
        ),
        ("verify", "+447700900124: trusted\n  signed by verify.example ed25519:0: valid\n"),
        ("sign_association", "; +447700900124\n4.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example. "),
    ] {
        let ran = example(directory.path(), &demo, name).await;
        assert!(ran.code == 0 && ran.stdout.starts_with(expected), "{name}: {ran:#?}");
    }
    assert_published(directory.path(), &demo).await;
    let ran = example(directory.path(), &demo, "address_book").await;
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        r#"["Bob"] (+447700900124): @bob:matrix.example"#,
        r#"["Bob"] (nobody@example.com): unknown"#,
    ];
    assert_eq!((ran.code, lines.as_slice()), (0, expected.as_slice()), "{ran:#?}");
    demo.stop().await;
}

/// What an example published is told by every root.
async fn assert_published(directory: &Path, demo: &Demo) {
    let ran = example(directory, demo, "publish").await;
    let expected = "3pid.example.: Stored\n3pid.example.net.: Stored\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{ran:#?}");
    let dora = Threepid::parse_any("dora@example.org", None).expect("an address");
    let roots: Vec<_> = demo.publish().map(|(apex, place)| (apex.clone(), place.ip())).collect();
    assert_eq!(roots.len(), 2);
    for (apex, server) in roots {
        let server = SocketAddr::new(server, demo.port());
        let owner = dora.owner(&apex).expect("it has a name");
        let told = move || await_association(server, owner);
        tokio::task::spawn_blocking(told).await.expect("it is told");
    }
    let arguments = ["lookup", "-c", "demo-state/client.toml", "dora@example.org"];
    let ran = beside(directory, &arguments).await;
    let expected = "dora@example.org: @dora:matrix.example, proved, trusted\n";
    assert!(ran.code == 0 && ran.stdout.starts_with(expected), "{ran:#?}");
}

#[test]
fn every_example_is_run() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names: Vec<String> = examples
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, EXAMPLES.map(|name| format!("{name}.rs")));
}
