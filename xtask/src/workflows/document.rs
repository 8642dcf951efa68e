//! What the checks read of a workflow.

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

/// A workflow.
pub struct Workflow {
    /// Its file.
    pub name: String,
    pub jobs: Vec<Job>,
    /// Whether jobs get no permission but those that they list.
    pub is_without_permissions: bool,
    /// All names of variables that it sets.
    pub variables: Vec<String>,
}

/// A job.
pub struct Job {
    /// Where it is, for messages.
    pub place: String,
    /// The machine's label, or an expression.
    pub runs_on: Option<String>,
    /// The workflow that it calls.
    pub uses: Option<String>,
    /// What it may do: `contents: read`; or a word for all.
    pub permissions: Vec<String>,
    /// The values of each row of the matrix; one without values if there is no matrix.
    pub rows: Vec<Row>,
    pub steps: Vec<Step>,
}

/// Values by their names.
pub type Row = BTreeMap<String, String>;

/// A step.
pub struct Step {
    /// Where it is, for messages.
    pub place: String,
    pub uses: Option<String>,
    pub run: Option<String>,
}

impl Workflow {
    /// Reads a workflow.
    ///
    /// # Errors
    /// If it is no YAML, or has no jobs.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
        let document = documents.into_iter().next().unwrap_or(Yaml::Null);
        let jobs = document["jobs"].as_hash().ok_or("no jobs")?;
        let mut variables = Vec::new();
        collect_variables(&document, &mut variables);
        let jobs = jobs
            .iter()
            .map(|(id, job)| Job::read(&format!("{name}: {}", text_of(id)), job))
            .collect();
        Ok(Self {
            name: name.to_owned(),
            jobs,
            is_without_permissions: document["permissions"]
                .as_hash()
                .is_some_and(yaml_rust2::yaml::Hash::is_empty),
            variables,
        })
    }
}

impl Job {
    fn read(place: &str, job: &Yaml) -> Self {
        let steps = job["steps"].as_vec().into_iter().flatten();
        Self {
            place: place.to_owned(),
            runs_on: string(&job["runs-on"]),
            uses: string(&job["uses"]),
            permissions: permissions(&job["permissions"]),
            rows: rows(&job["strategy"]["matrix"]),
            steps: steps
                .map(|step| Step {
                    place: format!("{place}: {}", text_of(&step["name"])),
                    uses: string(&step["uses"]),
                    run: string(&step["run"]),
                })
                .collect(),
        }
    }
}

/// The rows of a matrix: every combination of its lists, or what `include` lists.
fn rows(matrix: &Yaml) -> Vec<Row> {
    let mut rows = vec![Row::new()];
    for (name, values) in matrix.as_hash().into_iter().flatten() {
        let name = text_of(name);
        let values = values.as_vec().into_iter().flatten();
        if name == "include" {
            rows = values
                .map(|row| {
                    let row = row.as_hash().into_iter().flatten();
                    row.map(|(name, value)| (text_of(name), text_of(value)))
                        .collect()
                })
                .collect();
        } else {
            let values: Vec<_> = values.map(text_of).collect();
            rows = rows
                .iter()
                .flat_map(|row| {
                    let name = name.clone();
                    values.iter().map(move |value| {
                        let mut row = row.clone();
                        row.insert(name.clone(), value.clone());
                        row
                    })
                })
                .collect();
        }
    }
    rows
}

fn permissions(permissions: &Yaml) -> Vec<String> {
    let for_all = string(permissions);
    let single = permissions.as_hash().into_iter().flatten();
    let single = single.map(|(name, value)| format!("{}: {}", text_of(name), text_of(value)));
    for_all.into_iter().chain(single).collect()
}

fn collect_variables(yaml: &Yaml, variables: &mut Vec<String>) {
    for (name, value) in yaml.as_hash().into_iter().flatten() {
        if name.as_str() == Some("env") {
            let names = value.as_hash().into_iter().flatten();
            variables.extend(names.map(|(name, _)| text_of(name)));
        }
        collect_variables(value, variables);
    }
    for value in yaml.as_vec().into_iter().flatten() {
        collect_variables(value, variables);
    }
}

fn string(yaml: &Yaml) -> Option<String> {
    yaml.as_str().map(str::to_owned)
}

/// A scalar as it is written.
fn text_of(yaml: &Yaml) -> String {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        _ => String::new(),
    }
}
