//! The tool's pages as a browser shows them: pictures of them, and whether a label touches another.

mod verdict;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::failure::Failure;
use crate::{packages, test_app};
use verdict::Verdict;

/// The browser, which needs no display, and letters for it.
const PACKAGES: [&str; 2] = ["chromium-headless-shell", "fonts-dejavu-core"];

const BROWSER: &str = "chromium-headless-shell";

/// A page's name, and the arguments that make the tool write it.
const PAGES: [(&str, &[&str]); 5] = [
    ("latency", &["latency", "--uart", "16550"]),
    (
        "latency-under-load",
        &["latency", "--uart", "16550", "--load"],
    ),
    (
        "latency-of-many",
        &[
            "latency", "--uart", "software", "--count", "20000", "--rate", "1000",
        ],
    ),
    ("stress", &["stress", "--uart", "16550", "--duration", "2m"]),
    (
        "stress-of-a-loop",
        &["stress", "--uart", "software", "--duration", "2m"],
    ),
];

/// A computer's screen and a phone's, in pixels.
const WIDTHS: [u32; 2] = [1200, 390];

/// How high the window is before it is known how high the page is.
const ANY_HEIGHT: u32 = 2000;

/// Whether a page is looked at by day or by night, and what tells the browser so.
const SCHEMES: [(&str, &str); 2] = [
    ("", "--blink-settings=preferredColorScheme=1"),
    ("-dark", "--blink-settings=preferredColorScheme=0"),
];

/// The script that looks for problems.
const CHECK: &str = include_str!("report_pages/check.js");

/// Faults for a good page, and a word of the problem that each makes: a check that finds none of them
/// proves nothing.
const PLANTED: [(&str, &str, &str); 4] = [
    (
        "large letters",
        "<style>svg text { font-size: 40px }</style>",
        "overlaps",
    ),
    (
        "shifted labels",
        "<style>svg .tick { transform: translate(-80px) }</style>",
        "cut off",
    ),
    (
        "small letters",
        "<style>svg text { font-size: 4px }</style>",
        "too small",
    ),
    (
        "a wide page",
        "<div style=\"width: 3000px\">wide</div>",
        "wider",
    ),
];

/// The options of `report-pages`.
#[derive(Args)]
pub struct Options {
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// Makes pages on the emulated PC, renders and checks them.
///
/// # Errors
/// If something is missing, or a page has a problem, or a planted fault is not found.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    packages::require_all(&PACKAGES, options.install)?;
    let folder = root.join("target/report-pages");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let mut all_pass = true;
    for (name, arguments) in PAGES {
        let page = folder.join(format!("{name}.html"));
        write_page(root, arguments, &page)?;
        for width in WIDTHS {
            let verdict = check(&page, width, "")?;
            all_pass &= tell(&format!("{name} at {width} px"), &verdict.problems(width));
            for (scheme, setting) in SCHEMES {
                let picture = page.with_file_name(format!("{name}-{width}{scheme}.png"));
                screenshot(&page, &picture, width, verdict.height, setting)?;
            }
        }
        print(&page)?;
    }
    let good = folder.join(format!("{}.html", PAGES[0].0));
    for (name, fault, word) in PLANTED {
        let verdict = check(&good, WIDTHS[1], fault)?;
        let found = verdict.problems(WIDTHS[1]);
        let is_found = found.iter().any(|problem| problem.contains(word));
        let missed = [format!("a planted fault is not found: {found:?}")];
        all_pass &= tell(
            &format!("planted: {name}"),
            if is_found { &[] } else { &missed },
        );
    }
    println!("pictures are in {}", folder.display());
    if all_pass {
        Ok(())
    } else {
        Err(Failure::found("not all pages can be read well"))
    }
}

/// Prints a line for what was checked, and one for each problem; returns whether there is none.
fn tell(what: &str, problems: &[String]) -> bool {
    let word = if problems.is_empty() { "PASS" } else { "FAIL" };
    println!("{word} {what}");
    for problem in problems {
        println!("     {problem}");
    }
    problems.is_empty()
}

/// Has the tool write a page.
fn write_page(root: &Path, arguments: &[&str], page: &Path) -> Result<(), Failure> {
    let mut command = test_app::on_this_machine(root);
    command
        .args(arguments)
        .arg("--report")
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    output(command).map(drop)
}

/// Has a copy of the page, with `addition` in it, looked at.
fn check(page: &Path, width: u32, addition: &str) -> Result<Verdict, Failure> {
    let html = fs::read_to_string(page).map_err(Failure::at(page))?;
    let script = format!("{addition}\n<script>\n{CHECK}</script>\n</body>");
    let copy = page.with_file_name("checked.html");
    fs::write(&copy, html.replace("</body>", &script)).map_err(Failure::at(&copy))?;
    let mut command = browser(width, ANY_HEIGHT);
    command.arg("--dump-dom").arg(address(&copy)?);
    let document = output(command)?;
    fs::remove_file(&copy).map_err(Failure::at(&copy))?;
    Verdict::read(&document).map_err(|fault| Failure::about(page, &fault))
}

fn screenshot(
    page: &Path,
    picture: &Path,
    width: u32,
    height: u32,
    setting: &str,
) -> Result<(), Failure> {
    let mut command = browser(width, height);
    command
        .args(["--hide-scrollbars", setting])
        .arg(option("--screenshot=", picture))
        .arg(address(page)?);
    output(command).map(drop)
}

/// Makes a PDF of the page, as a printer would get it.
fn print(page: &Path) -> Result<(), Failure> {
    let mut command = browser(WIDTHS[0], ANY_HEIGHT);
    command
        .arg("--no-pdf-header-footer")
        .arg(option("--print-to-pdf=", &page.with_extension("pdf")))
        .arg(address(page)?);
    output(command).map(drop)
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}

fn address(page: &Path) -> Result<std::ffi::OsString, Failure> {
    let page: PathBuf = fs::canonicalize(page).map_err(Failure::at(page))?;
    Ok(option("file://", &page))
}

fn browser(width: u32, height: u32) -> Command {
    let mut command = Command::new(BROWSER);
    command
        // Its sandbox does not work for root; the pages are our own.
        .args(["--no-sandbox", "--disable-gpu"])
        .arg(format!("--window-size={width},{height}"))
        .stdin(Stdio::null());
    command
}

/// Runs `command`; returns what it prints.
fn output(mut command: Command) -> Result<String, Failure> {
    let name = command.get_program().to_owned();
    let failed =
        |fault: String| Failure::unusable(format!("{}: {fault}", OsStr::to_string_lossy(&name)));
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(failed(format!("{}\n{errors}", output.status)))
    }
}
