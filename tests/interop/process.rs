//! Programs that run beside a test and end with it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a program may take until it says that it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in the background, killed when dropped.
pub(crate) struct Background {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts `command` and waits until it writes a line that contains `ready`.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Self {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let said = Arc::new(Mutex::new(String::new()));
        let (tell, told) = std::sync::mpsc::channel();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let pipes: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        let readers = pipes.map(|pipe| {
            let (said, tell, ready) = (Arc::clone(&said), tell.clone(), ready.to_owned());
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    said.lock().expect("no reader panics").push_str(&format!("{line}\n"));
                    if line.contains(&ready) {
                        let _ = tell.send(());
                    }
                }
            })
        });
        drop(tell);
        let background = Self { child, said, readers: readers.into() };
        if let Err(error) = told.recv_timeout(PATIENCE) {
            panic!("{shown} never said {ready:?} ({error}):\n{}", background.said());
        }
        background
    }

    /// What it wrote so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("no reader panics").clone()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(self.child.id().cast_signed())
    }

    /// Sends SIGTERM and waits for a clean end.
    pub(crate) fn end(mut self) -> String {
        nix::sys::signal::kill(self.id(), nix::sys::signal::Signal::SIGTERM).expect("it runs");
        let status = self.child.wait().expect("it is our child");
        for reader in self.readers.drain(..) {
            reader.join().expect("no reader panics");
        }
        let said = self.said();
        assert!(status.success(), "ended with {status}:\n{said}");
        said
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

/// What a program writes to standard output; it must succeed.
pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{text}{errors}", output.status);
    text
}
