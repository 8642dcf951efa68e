//! Packages judged by Microsoft's own programs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::kit::Kit;
use super::machine::{self, Machine, ThisMachine};
use super::{CheckOptions, tools, trust};
use crate::failure::Failure;
use crate::inf::ARCHITECTURES;
use crate::package;
use crate::verify::Image;

const INFVERIF: &str = "infverif.exe";
const SIGNTOOL: &str = "signtool.exe";
const INF2CAT: &str = "Inf2Cat.exe";

/// Windows versions for `Inf2Cat` by the image's processor, as in its documentation. An older `Inf2Cat` does not
/// know all of them, so there are shorter lists. There is no `10_ARM64`.
const VERSIONS: [(&str, &[&str]); 2] = [
    (
        "x64",
        &["10_X64,ServerFE_X64,Server2025_X64", "10_X64,ServerFE_X64"],
    ),
    ("ARM64", &["10_NI_ARM64,10_25H2_ARM64", "10_NI_ARM64"]),
];

/// The line of the table for `Inf2Cat`.
const CATALOG_OF_INF2CAT: &str = "Inf2Cat on a copy without catalog";

/// The programs.
struct Tools {
    infverif: PathBuf,
    signtool: PathBuf,
    inf2cat: PathBuf,
}

impl Tools {
    fn find(kit: &Kit) -> Result<Self, Failure> {
        let tools = Self {
            infverif: tools::find(kit, INFVERIF)?,
            signtool: tools::find(kit, SIGNTOOL)?,
            inf2cat: tools::find(kit, INF2CAT)?,
        };
        for tool in [&tools.infverif, &tools.signtool, &tools.inf2cat] {
            println!("program   {}", tool.display());
        }
        Ok(tools)
    }
}

/// A line of the table.
struct Row {
    check: String,
    exit_code: Option<i32>,
    file: PathBuf,
}

impl Row {
    fn is_passed(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// Has `InfVerif`, `SignTool` and `Inf2Cat` check packages, a line for each check.
///
/// # Errors
/// If a program refuses a package, or something is missing.
pub fn check(root: &Path, options: &CheckOptions) -> Result<(), Failure> {
    let folders = match options.folders.as_slice() {
        [] => made(root)?,
        named => named.to_vec(),
    };
    let output = root.join(&options.output);
    checked(&folders, &output, options.trust, &mut ThisMachine)
}

/// The packages of both processors that were made.
fn made(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folders = ARCHITECTURES.map(|architecture| package::folder_of(root, architecture));
    let folders: Vec<_> = folders.into_iter().filter(|it| it.is_dir()).collect();
    if folders.is_empty() {
        return Err(Failure::unusable(
            "no package in target/package; `cargo xtask package` makes one, or name a folder",
        ));
    }
    Ok(folders)
}

pub(super) fn checked(
    folders: &[PathBuf],
    output: &Path,
    is_trusting: bool,
    machine: &mut impl Machine,
) -> Result<(), Failure> {
    let packages: Vec<_> = folders
        .iter()
        .map(|folder| Package::open(folder))
        .collect::<Result<_, _>>()?;
    let kit = Kit::find(machine)?;
    kit.print();
    let tools = Tools::find(&kit)?;
    let mut rows = Vec::new();
    for package in &packages {
        let mut run = Run {
            package,
            tools: &tools,
            output: output.join(&package.name),
            rows: Vec::new(),
        };
        fs::create_dir_all(&run.output).map_err(Failure::at(&run.output))?;
        rows.extend(if is_trusting {
            trust::while_trusted(machine, &package.certificate, |machine| run.all(machine))?
        } else {
            run.all(machine)?
        });
    }
    report(&rows, is_trusting)
}

/// Prints the table.
fn report(rows: &[Row], is_trusting: bool) -> Result<(), Failure> {
    println!();
    for row in rows {
        let word = if row.is_passed() { "PASS" } else { "FAIL" };
        println!(
            "{word} {}: {}, {}",
            row.check,
            machine::exit_code(row.exit_code),
            row.file.display()
        );
    }
    let failed: Vec<_> = rows.iter().filter(|row| !row.is_passed()).collect();
    let signature_failed = failed.iter().any(|row| row.check.contains("signtool"));
    if signature_failed && !is_trusting {
        println!("SignTool accepts a test certificate only where it is trusted: --trust does that");
    }
    match failed.len() {
        0 => Ok(()),
        1 => Err(Failure::found("1 check failed")),
        count => Err(Failure::found(format!("{count} checks failed"))),
    }
}

/// The files of a package that are checked.
struct Package {
    name: String,
    inf: PathBuf,
    image: PathBuf,
    catalog: PathBuf,
    certificate: PathBuf,
    program: Option<PathBuf>,
    /// Lists of Windows versions for `Inf2Cat`.
    versions: &'static [&'static str],
}

impl Package {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).map_err(Failure::at(folder))?;
        let only = |extension| {
            files_with(&folder, extension)?
                .into_iter()
                .next()
                .ok_or_else(|| {
                    Failure::unusable(format!(
                        "{}: no file .{extension}; name the folder of an unpacked package",
                        folder.display()
                    ))
                })
        };
        let image = only("sys")?;
        Ok(Self {
            name: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            inf: only("inf")?,
            catalog: only("cat")?,
            certificate: only("cer")?,
            program: files_with(&folder, "exe")?.into_iter().next(),
            versions: versions(&image)?,
            image,
        })
    }
}

fn files_with(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::at(folder))? {
        let file = entry.map_err(Failure::at(folder))?.path();
        if file
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case(extension))
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The versions of Windows that an image is for.
fn versions(image: &Path) -> Result<&'static [&'static str], Failure> {
    let bytes = fs::read(image).map_err(Failure::at(image))?;
    let machine = Image::parse(&bytes)
        .map_err(|error| Failure::about(image, &error))?
        .machine;
    VERSIONS
        .into_iter()
        .find_map(|(name, versions)| (name == machine).then_some(versions))
        .ok_or_else(|| Failure::unusable(format!("{}: an image for {machine}", image.display())))
}

/// The checks of one package.
struct Run<'a> {
    package: &'a Package,
    tools: &'a Tools,
    output: PathBuf,
    rows: Vec<Row>,
}

impl Run<'_> {
    fn all(&mut self, machine: &mut impl Machine) -> Result<Vec<Row>, Failure> {
        let Tools {
            infverif, signtool, ..
        } = self.tools;
        let Package {
            inf,
            image,
            catalog,
            program,
            ..
        } = self.package;
        for rules in ["/w", "/h"] {
            let mut command = Command::new(infverif);
            command.args(["/v", rules]).arg(inf);
            self.judge(&format!("infverif {rules}"), command, machine)?;
        }
        let signed = [
            ("catalog", Some(catalog), None),
            ("image in the catalog", Some(image), Some(catalog)),
            ("image", Some(image), None),
            ("program", program.as_ref(), None),
        ];
        for (name, file, catalog) in signed {
            let Some(file) = file else { continue };
            let mut command = Command::new(signtool);
            command.args(["verify", "/v", "/pa"]);
            if let Some(catalog) = catalog {
                command.arg("/c").arg(catalog);
            }
            command.arg(file);
            self.judge(&format!("signtool {name}"), command, machine)?;
        }
        self.catalog_by_inf2cat(machine)?;
        Ok(std::mem::take(&mut self.rows))
    }

    /// Has `Inf2Cat` make a catalog, which it does only for a package that it finds nothing wrong with.
    fn catalog_by_inf2cat(&mut self, machine: &mut impl Machine) -> Result<(), Failure> {
        let package = self.package;
        let copy = self.output.join("inf2cat");
        if copy.exists() {
            fs::remove_dir_all(&copy).map_err(Failure::at(&copy))?;
        }
        fs::create_dir(&copy).map_err(Failure::at(&copy))?;
        for file in [&package.inf, &package.image] {
            let place = copy.join(file.file_name().unwrap_or_default());
            fs::copy(file, place).map_err(Failure::at(file))?;
        }
        let mut last = None;
        for versions in package.versions {
            let mut command = Command::new(&self.tools.inf2cat);
            command
                .arg(format!("/driver:{}", copy.display()))
                .arg(format!("/os:{versions}"))
                .arg("/verbose");
            let check = format!("{CATALOG_OF_INF2CAT}, {versions}");
            last = Some(self.row(&check, command, machine)?);
            if last.as_ref().is_some_and(Row::is_passed) {
                break;
            }
        }
        // A list that an older Inf2Cat does not know is no fault of the package.
        self.rows.extend(last);
        Ok(())
    }

    fn judge(
        &mut self,
        check: &str,
        command: Command,
        machine: &mut impl Machine,
    ) -> Result<(), Failure> {
        let row = self.row(check, command, machine)?;
        self.rows.push(row);
        Ok(())
    }

    /// Runs a program, prints what it prints, and keeps it in a file.
    fn row(
        &self,
        check: &str,
        mut command: Command,
        machine: &mut impl Machine,
    ) -> Result<Row, Failure> {
        let line = machine::line(&command);
        println!("\n{line}");
        let ended = machine
            .capture(&mut command)
            .map_err(Failure::at(Path::new(command.get_program())))?;
        let code = machine::exit_code(ended.exit_code);
        println!("{}\n{code}", ended.output.trim_end());
        let file = self.output.join(file_name(check));
        let mut written = fs::File::create(&file).map_err(Failure::at(&file))?;
        write!(written, "{line}\n{}\n{code}\n", ended.output.trim_end())
            .map_err(Failure::at(&file))?;
        Ok(Row {
            check: format!("{}: {check}", self.package.name),
            exit_code: ended.exit_code,
            file,
        })
    }
}

/// A check's name without what file names may not have.
fn file_name(check: &str) -> String {
    let parts = check.split(|it: char| !it.is_ascii_alphanumeric());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    format!("{}.txt", parts.join("-").to_ascii_lowercase())
}
