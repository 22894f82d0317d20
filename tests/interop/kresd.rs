//! Knot Resolver.

use std::path::Path;
use std::process::Command;

use super::process::Background;

/// Where it listens.
pub(crate) const ADDRESS: &str = "127.0.0.55";

/// Knot Resolver, told where the server of `.` is and the DS record that proves it.
pub(crate) fn on_hints(folder: &Path, anchor: &Path, server: &str) -> Background {
    let anchor = std::fs::read_to_string(anchor).expect("the anchor was written");
    let configuration = format!(
        r"modules.load('hints')
modules.unload('ta_signal_query')
modules.unload('ta_update')
net.listen('{ADDRESS}', 53, {{ kind = 'dns' }})
-- Or it refuses to ask servers on loopback.
option('ALLOW_LOCAL', true)
trust_anchors.remove('.')
trust_anchors.add('{anchor}')
hints.root({{ ['a.test.'] = '{server}' }})
cache.size = 50 * MB
event.after(0, function () io.stderr:write('kresd answers\n') end)
",
        anchor = anchor.trim(),
    );
    let file = folder.join("kresd.conf");
    std::fs::write(&file, configuration).expect("the folder is writable");
    let cache = folder.join("kresd");
    std::fs::create_dir(&cache).expect("the folder is writable");
    let mut command = Command::new("kresd");
    command.arg("-n").arg("-c").arg(file).arg(cache);
    Background::start(&mut command, "kresd answers")
}
