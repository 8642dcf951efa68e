//! Files that others could change before an administrator runs or installs them.

use std::path::Path;

use super::super::fake::{FakeWindows, USER};
use super::super::place::Grant;
use super::{DEVICE_ERROR, FOLDER, PROGRAM, install, plan, refusal, remove};

const MODIFY: u32 = 0x13_01BF;
const READ_AND_RUN: u32 = 0x12_00A9;
const MAKE_FOLDERS: u32 = 0x4;
const DELETE_CHILD: u32 = 0x40;
const EVERYTHING: u32 = 0x1F_01FF;

fn open_to(path: &str, to: &str, rights: u32, is_inherited_only: bool) -> FakeWindows {
    let mut windows = FakeWindows::default();
    let grant = Grant {
        to: to.to_owned(),
        rights,
        is_inherited_only,
    };
    windows.open_to.insert(path.into(), grant);
    windows
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    for (id, name) in [
        ("S-1-5-11", "Authenticated Users"),
        ("S-1-1-0", "Everyone"),
        ("S-1-5-32-545", "Users"),
        ("S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1002"),
    ] {
        for path in [FOLDER, PROGRAM] {
            let mut windows = open_to(path, id, MODIFY, false);
            let (code, line) = refusal(&plan(), &mut windows);
            assert_eq!(code, DEVICE_ERROR);
            assert!(line.contains(path) && line.contains(name), "{line}");
            assert!(line.contains("Downloads"), "{line}");
            assert!(line.contains("icacls"), "{line}");
            let failure = remove(&mut windows).expect_err("the same");
            assert!(failure.to_string().contains(name), "{failure}");
            assert!(windows.done.is_empty());
        }
    }
}

#[test]
fn a_packages_folder_elsewhere_is_looked_at_too() {
    let mut windows = open_to("/media/stick", "S-1-1-0", MODIFY, false);
    let mut plan = plan();
    plan.package.folder = "/media/stick".into();
    let (_, line) = refusal(&plan, &mut windows);
    assert!(
        line.contains("/media/stick can be changed by Everyone"),
        "{line}"
    );
}

#[test]
fn a_folder_above_that_others_may_rename_is_refused() {
    let mut windows = open_to("/home", "S-1-5-32-545", DELETE_CHILD, false);
    let (_, line) = refusal(&plan(), &mut windows);
    assert!(
        line.contains("can be replaced by Users, who may change /home"),
        "{line}"
    );
}

#[test]
fn a_users_own_folders_are_taken() {
    // Downloads: the user, SYSTEM and administrators; others may read; the drive's root lets users make
    // folders, and what they inherit there does not matter here.
    for (path, id, rights, is_inherited_only) in [
        (FOLDER, USER, EVERYTHING, false),
        (FOLDER, "S-1-5-32-545", READ_AND_RUN, false),
        (FOLDER, "S-1-3-0", EVERYTHING, true),
        ("/", "S-1-5-11", MAKE_FOLDERS, false),
        ("/", "S-1-5-11", MODIFY, true),
    ] {
        assert!(Path::new(PROGRAM).starts_with(path));
        let mut windows = open_to(path, id, rights, is_inherited_only);
        install(&plan(), &mut windows).expect("done");
        remove(&mut windows).expect("done");
    }
}
