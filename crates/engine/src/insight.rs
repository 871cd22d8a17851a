//! What was learned of a shop, at hand for whoever asks about one of its people.

// Shelves ask what was learned of recommending; of a person it says nothing.
use crate::learning::recommend::KIND;
use domain::habits::Norms;
use domain::local_time::Zone;
use kit::WorkspaceId;
use models::forecast::Outlook;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ReadTx, StoreError};

/// The models of one shop that serve. Without a model of a kind, what it would tell is not known yet.
#[derive(Debug, Default)]
pub struct Insight {
    /// Kinds and versions of what it was read from, by kind.
    versions: Vec<(String, i64)>,
    /// The shop's: a day begins there at its midnight.
    pub(crate) zone: Option<Zone>,
    pub(crate) lead_rules: Option<crate::leads::Scoring>,
    pub(crate) leads: Option<models::leads::Model>,
    pub(crate) purchases: Option<Outlook>,
    /// What is usual in the shop, to which habits are shrunk.
    pub(crate) norms: Option<Norms>,
    pub(crate) carts: Option<models::carts::Model>,
}

/// Of a shop of which nothing was learned.
pub static NO_INSIGHT: Insight = Insight {
    versions: Vec::new(),
    zone: None,
    lead_rules: None,
    leads: None,
    purchases: None,
    norms: None,
    carts: None,
};

impl Insight {
    pub fn read(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Insight, StoreError> {
        let row = tx.workspaces()?.into_iter().find(|row| row.workspace == workspace);
        let zone = row.map(|row| row.settings.zone());
        let mut insight = Insight { zone, ..Insight::default() };
        for model in tx.serving_models_of(workspace)?.into_iter().filter(|model| model.kind != KIND) {
            insight.take(&model.kind, &model.document);
            insight.versions.push((model.kind, model.version));
        }
        Ok(insight)
    }

    /// Which kinds serve in which version, by kind.
    pub fn versions(&self) -> impl Iterator<Item = (&str, i64)> {
        self.versions.iter().map(|(kind, version)| (kind.as_str(), *version))
    }

    /// A document that cannot be read is one of another version of the program: until the next fit nothing is known.
    fn take(&mut self, kind: &str, document: &str) {
        match kind {
            "purchases" => {
                self.purchases = Outlook::read(document)
                    .inspect_err(|error| tracing::warn!(model = kind, %error, "a stored model is not asked"))
                    .ok();
            }
            "hours" => self.norms = read(kind, document),
            "carts" => self.carts = read(kind, document),
            crate::leads::RULES => self.lead_rules = crate::leads::Scoring::parse(document),
            crate::leads::MODEL => {
                self.leads = serde_json::from_str(document)
                    .inspect_err(|error| tracing::warn!(model = kind, %error, "a stored model is not asked"))
                    .ok();
            }
            _ => {}
        }
    }

    /// The shop's rules of scoring, if it has any.
    pub fn scoring(&self) -> Option<&crate::leads::Scoring> {
        self.lead_rules.as_ref()
    }

    /// How likely people are to buy, if that was learned.
    pub fn lead_model(&self) -> Option<&models::leads::Model> {
        self.leads.as_ref()
    }

    /// The shop's, by which days are told apart.
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    pub(crate) fn rules_wants(&self) -> Option<&domain::condition::Wants> {
        self.lead_rules.as_ref().map(|scoring| &scoring.wants)
    }
}

fn read<T: serde::de::DeserializeOwned>(kind: &str, document: &str) -> Option<T> {
    serde_json::from_str(document)
        .inspect_err(|error| tracing::warn!(model = kind, %error, "a stored model is not asked"))
        .ok()
}

/// Kinds and versions that serve, and the name of the shop's zone.
type Serving = (Vec<(String, i64)>, Option<String>);

/// What was learned of every shop.
#[derive(Clone, Debug, Default)]
pub struct Insights(BTreeMap<WorkspaceId, Arc<Insight>>);

impl Insights {
    /// What serves now; what serves still is not read again.
    pub fn follow(&self, tx: &mut ReadTx<'_>) -> Result<Insights, StoreError> {
        let mut serving: BTreeMap<WorkspaceId, Serving> = BTreeMap::new();
        for row in tx.workspaces()? {
            let zone = row.settings.zone().name().to_owned();
            serving.insert(row.workspace, (Vec::new(), Some(zone)));
        }
        for (workspace, kind, version) in tx.serving_models()?.into_iter().filter(|model| model.1 != KIND) {
            serving.entry(workspace).or_default().0.push((kind, version));
        }
        let mut now = BTreeMap::new();
        for (workspace, (versions, zone)) in serving {
            let is_same = |held: &&Arc<Insight>| {
                held.versions == versions && held.zone.as_ref().map(Zone::name) == zone.as_deref()
            };
            let held = self.0.get(&workspace).filter(is_same);
            let insight = match held {
                Some(held) => Arc::clone(held),
                None => Arc::new(Insight::read(tx, workspace)?),
            };
            now.insert(workspace, insight);
        }
        Ok(Insights(now))
    }

    pub fn of(&self, workspace: WorkspaceId) -> Arc<Insight> {
        self.0.get(&workspace).map(Arc::clone).unwrap_or_default()
    }
}
