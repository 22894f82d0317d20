//! Programs that run beside a test and end with it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// How long a program may take until it says what it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program that has ended wrote, and ended with.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |octets| String::from_utf8(octets).expect("programs write UTF-8");
    Ran {
        code: output.status.code().expect("no signal ends it"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// What a program writes to standard output; it must succeed.
pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let ran = run(Command::new(program).args(arguments));
    assert_eq!(ran.code, 0, "{program} {arguments:?}: {ran:#?}");
    ran.stdout
}

/// A program in the background, killed when dropped, with what it has started.
pub(crate) struct Background {
    child: Child,
    shown: String,
    said: Arc<Said>,
    /// How much of it was waited for.
    heard: usize,
    readers: Vec<JoinHandle<()>>,
}

/// What a program writes, line by line.
struct Said {
    written: Mutex<Written>,
    more: Condvar,
}

struct Written {
    text: String,
    /// How many pipes may bring more.
    open: usize,
}

impl Said {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().expect("nobody panics with it")
    }

    /// Takes down what comes out of a pipe.
    fn note(&self, pipe: impl Read) {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            self.written().text.push_str(&format!("{line}\n"));
            self.more.notify_all();
        }
        self.written().open -= 1;
        self.more.notify_all();
    }
}

impl Background {
    /// Starts `command` and waits until it writes a line that contains `ready`.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Self {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what it starts can be ended with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let pipes: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        let written = Written { text: String::new(), open: pipes.len() };
        let said = Arc::new(Said { written: Mutex::new(written), more: Condvar::new() });
        let readers = pipes.map(|pipe| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || said.note(pipe))
        });
        let mut background = Self { child, shown, said, heard: 0, readers: readers.into() };
        background.told(ready);
        background
    }

    /// Waits until it writes a line that contains `text`, after what was waited for before; gives
    /// what it wrote since then, that line included.
    pub(crate) fn told(&mut self, text: &str) -> String {
        let line = |said: &Written| {
            let at = self.heard + said.text[self.heard..].find(text)?;
            Some(at + said.text[at..].find('\n')? + 1)
        };
        let waits = |said: &mut Written| said.open > 0 && line(said).is_none();
        let waited = self.said.more.wait_timeout_while(self.said.written(), PATIENCE, waits);
        let (said, _) = waited.expect("nobody panics with it");
        let end = line(&said);
        drop(said);
        let end = end.unwrap_or_else(|| panic!("{} never said {text:?}", self.shown));
        let told = self.said()[self.heard..end].to_owned();
        self.heard = end;
        told
    }

    /// What it wrote so far.
    pub(crate) fn said(&self) -> String {
        self.said.written().text.clone()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.id(), signal).expect("it runs");
    }

    /// Sends SIGTERM and waits for a clean end.
    pub(crate) fn end(self) -> String {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Waits for a clean end; gives all that it wrote.
    pub(crate) fn ended(mut self) -> String {
        let status = self.child.wait().expect("it is our child");
        for reader in self.readers.drain(..) {
            reader.join().expect("no reader panics");
        }
        let said = self.said();
        assert!(status.success(), "ended with {status}");
        said
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Once waited for, its id may be another's.
        if let Ok(None) = self.child.try_wait() {
            let _ = killpg(self.id(), Signal::SIGKILL);
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- a background program said:\n{}", self.said());
        }
    }
}

/// Our demo, on port 53 of its addresses and 5300 of 127.0.0.1.
pub(crate) fn demo(state: &Path) -> Background {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command.args(["demo", "--dir"]).arg(state);
    let demo = Background::start(&mut command, "lookup");
    assert!(state.join("ready").exists(), "the demo says it is ready before it is");
    demo
}

/// Our server with the configuration in this file.
pub(crate) fn serve(configuration: &Path) -> Background {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command.args(["serve", "-c"]).arg(configuration);
    Background::start(&mut command, "ready")
}
