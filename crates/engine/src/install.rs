//! A ready scenario becomes templates, segments and journeys of a shop's own.

use crate::render::Draft;
use crate::segments::save::{self, Mode, SaveError, save_segment};
use crate::{EngineError, configure, derived_id, publish_journey};
use domain::condition::Problem;
use domain::journey::Definition;
use kit::{Timestamp, WorkspaceId};
use scenarios::{Language, ParameterProblem, Prepared, PreparedSegment, Scenario};
use serde_json::{Map, Value};
use store::journeys::JourneyRow;
use store::messages::TemplateRow;
use store::{Changeset, Store, StoreError};

/// Why a scenario was not installed. What was made before the fault stays, and installing again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("the parameters cannot be used")]
    Parameters(Vec<ParameterProblem>),
    /// The library and this program do not fit together.
    #[error("the journey {0} cannot be used: {1:?}")]
    Definition(String, Vec<Problem>),
    #[error("the segment {0}: {1}")]
    Segment(String, SaveError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for InstallError {
    fn from(error: StoreError) -> Self {
        InstallError::Engine(error.into())
    }
}

/// Something that a scenario brought, or that was there before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub id: String,
    pub name: String,
    pub created: bool,
}

/// A journey of a scenario as it is after installing.
#[derive(Clone, Debug)]
pub struct JourneyPart {
    /// The word under which the API finds it.
    pub word: String,
    pub row: JourneyRow,
    pub created: bool,
}

#[derive(Clone, Debug)]
pub struct Installed {
    pub segments: Vec<Part>,
    pub templates: Vec<Part>,
    pub journeys: Vec<JourneyPart>,
}

/// How a scenario is to be installed.
#[derive(Clone, Debug)]
pub struct Installing<'a> {
    pub language: Language,
    /// The others are as the scenario says.
    pub parameters: &'a Map<String, Value>,
    /// Journeys that are drafts are put in force.
    pub publish: bool,
    /// Written beside what is made: `key:...`, `account:...`, `demo`.
    pub by: &'a str,
}

/// Fills in a scenario with the ids that its parts have in every workspace.
///
/// # Errors
/// What is wrong with the parameters.
pub fn prepare_scenario(
    scenario: &Scenario,
    language: Language,
    parameters: &Map<String, Value>,
) -> Result<Prepared, Vec<ParameterProblem>> {
    scenario.prepare(language, parameters, &|kind, word| derived_id(&[kind, word]).to_string())
}

/// Makes what is missing of a scenario and tells what there is. What exists stays as it is, whatever a shop made of
/// it; once a journey of the scenario exists nothing is added in another language either.
///
/// # Errors
/// [`InstallError`].
pub fn install_scenario(
    store: &Store,
    workspace: WorkspaceId,
    scenario: &Scenario,
    installing: &Installing<'_>,
    now: Timestamp,
) -> Result<Installed, InstallError> {
    let prepared = prepare_scenario(scenario, installing.language, installing.parameters)
        .map_err(InstallError::Parameters)?;
    let is_there = store.read(|tx| {
        for journey in &prepared.journeys {
            if tx.journey(workspace, &journey.id)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    let mut segments = Vec::with_capacity(prepared.segments.len());
    for segment in &prepared.segments {
        segments.push(install_segment(store, workspace, segment, is_there, installing.by, now)?);
    }
    let (templates, made) = install_rest(store, workspace, &prepared, is_there, now)?;
    let mut journeys = Vec::with_capacity(prepared.journeys.len());
    for (journey, created) in prepared.journeys.into_iter().zip(made) {
        let find = || {
            let found = store.read(|tx| tx.journey(workspace, &journey.id))?;
            found.ok_or_else(|| EngineError::UnknownJourney(journey.id.clone()))
        };
        let mut row = find()?;
        if installing.publish && row.status == "draft" {
            publish_journey(store, workspace, &journey.id, row.latest, now)?;
            row = find()?;
        }
        journeys.push(JourneyPart { word: journey.word, row, created });
    }
    Ok(Installed { segments, templates, journeys })
}

fn install_segment(
    store: &Store,
    workspace: WorkspaceId,
    segment: &PreparedSegment,
    is_there: bool,
    by: &str,
    now: Timestamp,
) -> Result<Part, InstallError> {
    let held = store.read(|tx| tx.segment(workspace, &segment.id))?;
    if let Some(held) = held {
        return Ok(Part { id: held.segment_id, name: held.name, created: false });
    }
    let told = |name: &str| Part { id: segment.id.clone(), name: name.to_owned(), created: !is_there };
    if is_there {
        return Ok(told(&segment.name));
    }
    let save = |name: String| {
        let definition = Some(segment.definition.clone());
        let draft = save::Draft { name: Some(name), description: None, definition };
        save_segment(store, workspace, &segment.id, Mode::Make, &draft, by, now)
    };
    let saved = match save(segment.name.clone()) {
        // The shop has a segment of this name, which need not be the same.
        Err(SaveError::NameTaken(_)) => save(format!("{} (2)", segment.name)),
        other => other,
    };
    match saved {
        Ok(row) => Ok(told(&row.name)),
        // Somebody else installs the same at this moment.
        Err(SaveError::Exists) => Ok(Part { created: false, ..told(&segment.name) }),
        Err(error) => Err(InstallError::Segment(segment.name.clone(), error)),
    }
}

/// Templates and journeys, in one changeset. The second list tells which journeys were made.
fn install_rest(
    store: &Store,
    workspace: WorkspaceId,
    prepared: &Prepared,
    is_there: bool,
    now: Timestamp,
) -> Result<(Vec<Part>, Vec<bool>), InstallError> {
    let mut changes = Changeset::new();
    let (mut templates, mut made) = (Vec::new(), Vec::new());
    for template in &prepared.templates {
        let held = store.read(|tx| tx.template(workspace, &template.id))?;
        let created = held.is_none() && !is_there;
        if created {
            let draft = Draft {
                purpose: template.purpose,
                source: template.source.clone(),
                topic: String::new(),
                sms_marks: None,
                design: None,
            };
            let row = TemplateRow {
                template_id: template.id.clone(),
                name: template.name.clone(),
                channel: template.channel.to_string(),
                version: 1,
                created_at: now,
                updated_at: now,
                source: text_of(&draft)?,
            };
            changes.insert_template(workspace, &row);
        }
        if created || held.is_some() {
            let name = held.map_or_else(|| template.name.clone(), |held| held.name);
            templates.push(Part { id: template.id.clone(), name, created });
        }
    }
    for journey in &prepared.journeys {
        let created = store.read(|tx| tx.journey(workspace, &journey.id))?.is_none();
        if created {
            let definition = Definition::from_value(&journey.definition)
                .map_err(|problems| InstallError::Definition(journey.word.clone(), problems))?;
            changes.insert_journey(workspace, &journey.id, &journey.name, now);
            changes.insert_journey_version(workspace, &journey.id, 1, text_of(&definition)?, now);
        }
        made.push(created);
    }
    if !changes.is_empty() {
        match configure(store, changes) {
            // Somebody else installed the same at this moment.
            Ok(_) | Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((templates, made))
}

fn text_of(document: &impl serde::Serialize) -> Result<String, InstallError> {
    serde_json::to_string(document).map_err(|error| StoreError::Bug(error.to_string()).into())
}
