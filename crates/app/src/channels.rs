//! The channels of every workspace: their settings sealed in the store, the providers built from them.

use crate::grants::{Account, Accounts, Keeping, StoreVault};
use crate::returns::Returns;
use crate::secrets::Secret;
use anyhow::{Context, Result};
use api::{BoxFuture, ChannelDesk, FieldProblem, ProviderCall, ProviderFault, ProviderHeard};
use domain::consent::Channel;
use domain::delivery::{Content, Delivery, EmailContent, MessageClass, Outcome, Sender, TextContent};
use engine::{Identity, TokenKey};
use kit::{Clock, WorkspaceId};
use plugs::channels::push::Device;
use plugs::channels::smtp::DkimConfig;
use plugs::channels::staff::StaffChannel;
use plugs::channels::zalo::{ZaloChannel, ZaloConfig};
use plugs::dns::{RecordType, Resolver};
use plugs::email::DkimKey;
use plugs::{
    Callback, CallbackRefusal, ChannelConfig, Egress, Received, Secret as Told, Surroundings, Vault,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use store::access::Workspace;
use store::domains::SendingDomainRow;

/// What is sealed for one channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sealed {
    provider: ChannelConfig,
    #[serde(default)]
    from: Option<Sender>,
    #[serde(default)]
    reply_to: Option<String>,
    #[serde(default)]
    return_path: Option<String>,
    #[serde(default)]
    returns: Option<Returns>,
}

/// The fields that are ours; the rest of the object is the provider's.
const OWN_FIELDS: [&str; 5] = ["from", "reply_to", "return_path", "returns", "enabled"];

const SEALED_ABOUT: &str = "channel";

/// Checks, seals and shows channel settings, and builds channels from them.
pub struct Desk {
    secret: Secret,
    /// Whether mail relays may be on this machine or its networks. They usually are; an agency that lets shops
    /// set up their own relays turns it off.
    private_relays: bool,
    files: PathBuf,
    resolver: Resolver,
    /// Where tokens of providers are kept.
    keeping: Option<Keeping>,
    /// Where providers reach this server, and what signs their addresses.
    reach: Option<(TokenKey, String)>,
    /// Documents of providers by their addresses, such as the certificates that sign their callbacks.
    documents: Mutex<BTreeMap<String, String>>,
    /// Keys of sending domains, as they were when the channels were built last.
    keys: Mutex<BTreeMap<WorkspaceId, Vec<DkimConfig>>>,
}

/// The channels that can be used now, and who speaks through them.
#[derive(Default)]
pub struct Switchboard {
    pub channels: BTreeMap<(WorkspaceId, Channel), Arc<dyn plugs::Channel>>,
    pub identities: BTreeMap<(WorkspaceId, Channel), Identity>,
}

impl Desk {
    pub fn new(secret: Secret, files: PathBuf, private_relays: bool) -> Desk {
        Desk {
            secret,
            private_relays,
            files,
            resolver: Resolver::of_system(),
            keeping: None,
            reach: None,
            documents: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// With a place for the tokens of providers.
    pub fn keeping(self, keeping: Keeping) -> Desk {
        Desk { keeping: Some(keeping), ..self }
    }

    /// The tokens of a channel.
    pub fn vault(&self, workspace: WorkspaceId, channel: Channel) -> Option<Arc<dyn Vault>> {
        let vault = StoreVault::new(self.keeping.clone()?, self.secret.clone(), workspace, channel);
        Some(Arc::new(vault))
    }

    /// The Official Accounts of Zalo of all workspaces, switched on or not: what was granted is kept alive.
    pub fn official_accounts(&self, store: &Store) -> Result<Accounts> {
        let (rows, workspaces) = store.read(|tx| Ok((tx.channels()?, tx.workspaces()?)))?;
        let mut accounts = Vec::new();
        for row in rows.iter().filter(|row| row.channel == Channel::Zalo.as_str()) {
            let Some(own) = workspaces.iter().find(|workspace| workspace.workspace == row.workspace) else {
                continue;
            };
            match self.official_account_of(own, &row.sealed) {
                Ok(Some(account)) => accounts.push((row.workspace, Arc::new(account.zalo))),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the tokens of a channel cannot be kept alive"),
            }
        }
        Ok(accounts)
    }

    /// The Official Account of one workspace. Blocks.
    pub fn official_account(&self, store: &Store, workspace: WorkspaceId) -> Result<ZaloChannel> {
        let accounts = self.official_accounts(store)?;
        let own =
            accounts.into_iter().find(|(of, _)| *of == workspace).and_then(|(_, own)| Arc::into_inner(own));
        own.context("no Official Account of Zalo is set up")
    }

    fn official_account_of(&self, workspace: &Workspace, sealed: &[u8]) -> Result<Option<Account>> {
        let settings = self.unseal(sealed)?;
        let ChannelConfig::Zalo(config) = settings.provider else { return Ok(None) };
        let surroundings = self.surroundings(workspace, Channel::Zalo);
        let trial = ZaloConfig { development: true, over_quota_templates: Vec::new(), ..config.clone() };
        Ok(Some(Account {
            zalo: ZaloChannel::new(&config, &surroundings).map_err(anyhow::Error::msg)?,
            trial: ZaloChannel::new(&trial, &surroundings).map_err(anyhow::Error::msg)?,
        }))
    }

    /// With addresses for providers to call back at.
    pub fn reached_at(self, key: TokenKey, public_url: String) -> Desk {
        Desk { reach: Some((key, public_url)), ..self }
    }

    /// What a channel of a workspace works with.
    fn surroundings(&self, workspace: &Workspace, channel: Channel) -> Surroundings {
        let allow = match channel {
            Channel::Email => self.private_relays,
            _ => workspace.settings.allow_private_networks,
        };
        let mut surroundings = Surroundings::bare(&self.egress(allow));
        surroundings.vault = self.vault(workspace.workspace, channel);
        if let Some((key, public_url)) = &self.reach {
            let own = workspace.settings.public_url.as_str();
            let base = if own.is_empty() { public_url } else { own };
            let path = key.callback_path(workspace.workspace, channel);
            surroundings.callback_url = format!("{}{path}", base.trim_end_matches('/'));
        }
        surroundings
    }

    /// Reads a callback, with the document that checking it takes.
    async fn hear(
        &self,
        provider: &ChannelConfig,
        callback: &Callback<'_>,
    ) -> Result<Received, ProviderFault> {
        let told = provider.receive(callback).map_err(fault_of)?;
        let Some(url) = &told.needs_url else { return Ok(told) };
        let kept = self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        let document = match kept {
            Some(document) => document,
            None => {
                let document = plugs::fetch(&self.egress(false), url).await.map_err(|error| {
                    tracing::warn!(provider = provider.provider(), %error, "a provider's certificate cannot be had");
                    ProviderFault::Trouble
                })?;
                let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
                if documents.len() >= DOCUMENTS_MAX {
                    documents.clear();
                }
                documents.insert(url.clone(), document.clone());
                document
            }
        };
        provider.receive_with(callback, &document).map_err(fault_of)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Sealed> {
        let plain = self.secret.unseal(SEALED_ABOUT, sealed)?;
        serde_json::from_slice(&plain).context("channel settings of another version")
    }

    /// What mail servers may be reached.
    pub(crate) fn mail_egress(&self) -> Egress {
        self.egress(self.private_relays)
    }

    /// The mailboxes of returned mail of e-mail channels that are switched on.
    pub(crate) fn mailboxes(&self, store: &Store) -> Result<Vec<(WorkspaceId, Returns)>> {
        let rows = store.read(|tx| tx.channels())?;
        let email = rows.into_iter().filter(|row| row.enabled && row.channel == Channel::Email.as_str());
        let returns = email.filter_map(|row| {
            // One that cannot be opened is told of where channels are built.
            let returns = self.unseal(&row.sealed).ok()?.returns?;
            returns.mailbox.is_some().then_some((row.workspace, returns))
        });
        Ok(returns.collect())
    }

    pub(crate) fn egress(&self, allow_private: bool) -> Egress {
        Egress { allow_private, files_root: Some(self.files.clone()), ..Egress::default() }
    }

    /// Reads the keys of sending domains; one that cannot be opened is told of and signs nothing.
    fn read_keys(&self, rows: &[SendingDomainRow]) {
        let mut keys: BTreeMap<WorkspaceId, Vec<DkimConfig>> = BTreeMap::new();
        for row in rows {
            let opened = self.secret.unseal(api::DOMAIN_SEALED_ABOUT, &row.sealed);
            match opened
                .map_err(|error| error.to_string())
                .and_then(|plain| String::from_utf8(plain).map_err(|_| "it is no text".to_owned()))
            {
                Ok(pem) => keys.entry(row.workspace).or_default().push(DkimConfig {
                    domain: row.domain.clone(),
                    selector: row.selector.clone(),
                    private_key_pem: Some(Told::new(pem)),
                }),
                Err(error) => {
                    tracing::error!(domain = %row.domain, %error, "the key of a sending domain cannot be opened")
                }
            }
        }
        // The nearest domain signs: the key of mail.shop.vn before that of shop.vn.
        for own in keys.values_mut() {
            own.sort_by_key(|key| std::cmp::Reverse(key.domain.len()));
        }
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The settings of a provider with the key of the sender's domain.
    fn signed(&self, workspace: WorkspaceId, settings: &Sealed) -> ChannelConfig {
        let mut provider = settings.provider.clone();
        let from = settings.from.as_ref().and_then(|from| from.address.rsplit_once('@'));
        if let (ChannelConfig::Smtp(smtp), Some((_, domain))) = (&mut provider, from) {
            let domain = domain.to_ascii_lowercase();
            let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let own = keys.get(&workspace).into_iter().flatten();
            if let Some(key) = own.into_iter().find(|key| api::signs_for(&key.domain, &domain)) {
                smtp.dkim = Some(key.clone());
            }
        }
        provider
    }

    async fn post_by(
        &self,
        provider: ChannelConfig,
        settings: Sealed,
        to: &str,
        subject: &str,
        text: &str,
    ) -> Result<(), String> {
        let from = settings.from.ok_or("the e-mail channel names no sender")?;
        let domain = from.address.rsplit('@').next().unwrap_or("localhost").to_owned();
        let now = crate::clock::SystemClock.now();
        let key = kit::Id::new(now, &mut crate::installation::seeded_rng()).to_string();
        let content = Content::Email(EmailContent {
            from,
            reply_to: settings.reply_to,
            return_path: settings.return_path,
            to_name: None,
            subject: subject.to_owned(),
            html: None,
            text: text.to_owned(),
            headers: Vec::new(),
            message_id: format!("{key}@{domain}"),
            date_ms: now.ms(),
        });
        let delivery = Delivery {
            key,
            channel: Channel::Email.to_string(),
            to: to.to_owned(),
            content,
            attempt: 1,
            attempted_at: now,
        };
        match plugs::build(&provider, &Surroundings::bare(&self.egress(self.private_relays)))?
            .deliver(&delivery)
            .await
        {
            Outcome::Accepted { .. } => Ok(()),
            other => Err(other.detail().to_owned()),
        }
    }

    /// Builds every channel that is switched on. One that cannot be built is told of and left out: its messages
    /// wait.
    pub fn switchboard(&self, store: &Store) -> Result<Switchboard> {
        let (rows, workspaces, domains, contacts) =
            store.read(|tx| Ok((tx.channels()?, tx.workspaces()?, tx.domains()?, tx.contacts()?)))?;
        self.read_keys(&domains);
        let mut board = Switchboard::default();
        for workspace in &workspaces {
            // A journey's webhook names its own address, so the channel exists without being set up.
            let egress = self.egress(workspace.settings.allow_private_networks);
            let hook: ChannelConfig = serde_json::from_value(serde_json::json!({ "provider": "webhook" }))?;
            match plugs::build(&hook, &Surroundings::bare(&egress)) {
                Ok(channel) => {
                    board.channels.insert((workspace.workspace, Channel::Webhook), channel);
                }
                Err(error) => tracing::error!(%error, "webhooks cannot be sent"),
            }
        }
        for row in rows.into_iter().filter(|row| row.enabled) {
            let Ok(channel) = row.channel.parse::<Channel>() else { continue };
            let built = self.unseal(&row.sealed).and_then(|settings| {
                let own = workspaces.iter().find(|workspace| workspace.workspace == row.workspace);
                let own = own.context("a channel of a workspace that is gone")?;
                let provider = self.signed(row.workspace, &settings);
                let built =
                    plugs::build(&provider, &self.surroundings(own, channel)).map_err(anyhow::Error::msg)?;
                Ok((settings, built))
            });
            match built {
                Ok((settings, built)) => {
                    let key = (row.workspace, channel);
                    let Sealed { from, reply_to, return_path, returns, .. } = settings;
                    let returns = returns.map(|returns| returns.address);
                    let asks = built.asks();
                    board.identities.insert(key, Identity { from, reply_to, return_path, returns, asks });
                    board.channels.insert(key, built);
                }
                Err(error) => {
                    tracing::error!(channel = %channel, error = %error, "a channel cannot be used; its messages wait");
                }
            }
        }
        for workspace in &workspaces {
            let of = |channel| (workspace.workspace, channel);
            let Some(webhook) = board.channels.get(&of(Channel::Webhook)).cloned() else { continue };
            let zalo = board.channels.get(&of(Channel::Zalo)).cloned();
            let egress = self.egress(workspace.settings.allow_private_networks);
            match crate::contacts::beside(
                &self.secret,
                &contacts,
                workspace.workspace,
                &egress,
                webhook,
                zalo,
            ) {
                Ok(channel) => drop(board.channels.insert(of(Channel::Webhook), channel)),
                Err(error) => tracing::error!(%error, "contacts of staff cannot be reached"),
            }
        }
        Ok(board)
    }
}

/// Documents of providers that are kept.
const DOCUMENTS_MAX: usize = 100;

fn fault_of(refusal: CallbackRefusal) -> ProviderFault {
    match refusal {
        CallbackRefusal::Unsigned => ProviderFault::Unsigned,
        CallbackRefusal::Stale => ProviderFault::Stale,
        CallbackRefusal::Malformed(word) => ProviderFault::Malformed(word),
        CallbackRefusal::Unexpected => ProviderFault::Unexpected,
    }
}

fn problem(field: &str, message: impl Into<String>) -> FieldProblem {
    FieldProblem { field: field.to_owned(), message: message.into() }
}

/// `An Phở <an@pho.vn>` or the address alone.
fn sender_of(told: &str) -> Sender {
    match told.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
        Some((name, address)) => {
            Sender { name: name.trim().trim_matches('"').to_owned(), address: address.trim().to_owned() }
        }
        None => Sender { name: String::new(), address: told.trim().to_owned() },
    }
}

/// What a provider's settings commonly are where nothing is said: mail goes by SMTP, encrypted as its port is
/// used for, and openly only to this machine itself.
fn fill_in(channel: Channel, provider: &mut Map<String, Value>) {
    let kind = match channel {
        Channel::Email => "smtp",
        Channel::Webhook => "webhook",
        Channel::Push => "push",
        Channel::Onsite => "onsite",
        _ => return,
    };
    provider.entry("provider").or_insert_with(|| kind.into());
    if provider.get("provider").and_then(Value::as_str) == Some("smtp") {
        let port = provider.get("port").and_then(Value::as_u64);
        let host = provider.get("host").and_then(Value::as_str).unwrap_or_default();
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let security = match port {
            Some(465) => "tls",
            _ if here => "none",
            _ => "starttls",
        };
        provider.entry("security").or_insert_with(|| security.into());
        provider.entry("port").or_insert_with(|| 587.into());
    }
}

impl ChannelDesk for Desk {
    fn prepare(
        &self,
        channel: Channel,
        told: &Value,
        stored: Option<&[u8]>,
    ) -> Result<Vec<u8>, Vec<FieldProblem>> {
        let Value::Object(told) = told else { return Err(vec![problem("", "an object")]) };
        let (own, mut provider): (Map<String, Value>, Map<String, Value>) =
            told.clone().into_iter().partition(|(name, value)| {
                // A name or number that text messages come from is the provider's to know; a name with an address ours.
                let is_providers = name == "from" && channel != Channel::Email && value.is_string();
                OWN_FIELDS.contains(&name.as_str()) && !is_providers
            });
        if provider.contains_key("dkim") {
            let told = "mail is signed with the keys of sending domains; add the domain there";
            return Err(vec![problem("dkim", told)]);
        }
        fill_in(channel, &mut provider);
        let read = |error: serde_json::Error| vec![problem("provider", error.to_string())];
        let mut config: ChannelConfig = serde_json::from_value(Value::Object(provider)).map_err(read)?;
        let before = stored.and_then(|sealed| self.unseal(sealed).ok());
        if let Some(before) = &before {
            config = config.merged(&before.provider);
        }
        config = config.completed().map_err(|error| vec![problem("provider", error)])?;
        let mut problems: Vec<FieldProblem> =
            config.validate().into_iter().map(|p| problem(&p.field, p.message)).collect();
        let text =
            |name: &str| own.get(name).and_then(Value::as_str).map(str::to_owned).filter(|t| !t.is_empty());
        let from: Option<Sender> = match own.get("from") {
            None | Some(Value::Null) => None,
            Some(Value::String(told)) => Some(sender_of(told)),
            Some(from) => {
                let word = |name: &str| from.get(name).and_then(Value::as_str).map(str::to_owned);
                match word("address").or_else(|| word("email")) {
                    Some(address) => Some(Sender { name: word("name").unwrap_or_default(), address }),
                    None => {
                        problems.push(problem("from", "an object with name and address"));
                        None
                    }
                }
            }
        };
        let held = before.as_ref().and_then(|before| before.returns.clone());
        // Who does not know of it leaves it out, and changes nothing about it.
        let returns = match own.get("returns") {
            None => held,
            Some(Value::Null) => None,
            Some(told) => match serde_json::from_value::<Returns>(told.clone()) {
                Ok(told) => Some(told.merged(held.as_ref())),
                Err(error) => {
                    problems.push(problem("returns", error.to_string()));
                    None
                }
            },
        };
        problems.extend(returns.iter().flat_map(Returns::validate).map(|p| problem(&p.field, p.message)));
        if returns.is_some() && channel != Channel::Email {
            problems.push(problem("returns", "only e-mail returns"));
        }
        let from = from.or_else(|| before.and_then(|before| before.from));
        if channel == Channel::Email {
            let good =
                |address: &str| domain::normalise::email::normalise(address).is_ok() || address.contains('@');
            match &from {
                Some(from) if good(&from.address) => {}
                _ => problems.push(problem("from.address", "the address that messages come from")),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (reply_to, return_path) = (text("reply_to"), text("return_path"));
        let settings = Sealed { provider: config, from, reply_to, return_path, returns };
        let plain = serde_json::to_vec(&settings).map_err(read)?;
        self.secret.seal(SEALED_ABOUT, &plain).map_err(|error| vec![problem("", error.to_string())])
    }

    fn shown(&self, sealed: &[u8]) -> Result<Value, String> {
        let settings = self.unseal(sealed).map_err(|error| error.to_string())?;
        let provider =
            serde_json::to_value(settings.provider.redacted()).map_err(|error| error.to_string())?;
        let Value::Object(mut shown) = provider else {
            return Err("channel settings of another version".into());
        };
        shown.entry("from").or_insert_with(|| serde_json::json!(settings.from));
        shown.insert("reply_to".into(), serde_json::json!(settings.reply_to));
        shown.insert("return_path".into(), serde_json::json!(settings.return_path));
        if let Some(returns) = &settings.returns {
            shown.insert("returns".into(), serde_json::json!(returns.redacted()));
        }
        Ok(Value::Object(shown))
    }

    fn seal(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>, String> {
        self.secret.seal(about, plain).map_err(|error| error.to_string())
    }

    fn unseal(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>, String> {
        self.secret.unseal(about, sealed).map_err(|error| error.to_string())
    }

    fn post<'a>(
        &'a self,
        sealed: &'a [u8],
        to: &'a str,
        subject: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let settings = self.unseal(sealed).map_err(|error| error.to_string())?;
            let provider = settings.provider.clone();
            self.post_by(provider, settings, to, subject, text).await
        })
    }

    fn post_for<'a>(
        &'a self,
        workspace: WorkspaceId,
        sealed: &'a [u8],
        to: &'a str,
        subject: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let settings = self.unseal(sealed).map_err(|error| error.to_string())?;
            let provider = self.signed(workspace, &settings);
            self.post_by(provider, settings, to, subject, text).await
        })
    }

    fn domain_key(&self, told: Option<&str>) -> Result<api::DomainKey, String> {
        let key = match told {
            Some(pem) => DkimKey::import(pem)?,
            None => DkimKey::generate()?,
        };
        Ok(api::DomainKey {
            private_key_pem: key.private_key_pem.expose().to_owned(),
            kind: key.kind.to_owned(),
            public_key: key.public_key,
        })
    }

    fn lookup<'a>(
        &'a self,
        name: &'a str,
        kind: api::RecordKind,
    ) -> BoxFuture<'a, Result<Vec<String>, String>> {
        let kind = match kind {
            api::RecordKind::Txt => RecordType::Txt,
            api::RecordKind::Mx => RecordType::Mx,
        };
        Box::pin(async move { self.resolver.lookup(name, kind).await.map_err(|error| error.to_string()) })
    }

    fn receive<'a>(
        &'a self,
        _workspace: WorkspaceId,
        _channel: Channel,
        sealed: &'a [u8],
        call: ProviderCall,
    ) -> BoxFuture<'a, Result<ProviderHeard, ProviderFault>> {
        Box::pin(async move {
            let settings = self.unseal(sealed).map_err(|_| ProviderFault::Trouble)?;
            let callback = Callback {
                method: &call.method,
                url: &call.url,
                query: &call.query,
                headers: &call.headers,
                body: &call.body,
                now: call.now,
            };
            let heard = self.hear(&settings.provider, &callback).await?;
            if let Some(url) = &heard.confirm_url {
                plugs::fetch(&self.egress(false), url).await.map_err(|error| {
                    tracing::warn!(%error, "a provider's callbacks cannot be confirmed");
                    ProviderFault::Trouble
                })?;
            }
            let provider = settings.provider.provider().to_owned();
            Ok(ProviderHeard { provider, receipts: heard.receipts, answer: heard.answer })
        })
    }

    fn check_of<'a>(
        &'a self,
        workspace: WorkspaceId,
        channel: Channel,
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let Some(keeping) = self.keeping.clone() else { return self.check(channel, sealed).await };
            let read = tokio::task::spawn_blocking(move || keeping.store.read(|tx| tx.workspaces())).await;
            let workspaces = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            let own =
                workspaces.iter().find(|own| own.workspace == workspace).ok_or("the workspace is gone")?;
            let settings = self.unseal(sealed).map_err(|error| error.to_string())?;
            plugs::build(&self.signed(workspace, &settings), &self.surroundings(own, channel))?.check().await
        })
    }

    fn account(
        &self,
        workspace: WorkspaceId,
        sealed: &[u8],
    ) -> Result<Option<Box<dyn api::ProviderAccount>>, String> {
        let keeping = self.keeping.as_ref().ok_or("there is no place for tokens here")?;
        let workspaces = keeping.store.read(|tx| tx.workspaces()).map_err(|error| error.to_string())?;
        let own = workspaces.iter().find(|own| own.workspace == workspace).ok_or("the workspace is gone")?;
        let account = self.official_account_of(own, sealed).map_err(|error| error.to_string())?;
        Ok(account.map(|account| Box::new(account) as Box<dyn api::ProviderAccount>))
    }

    fn push_key(&self, sealed: &[u8]) -> Option<String> {
        match self.unseal(sealed).ok()?.provider {
            ChannelConfig::Push(config) => Some(config.web?.public_key),
            _ => None,
        }
    }

    fn device(&self, told: &str) -> Result<api::PushDevice, String> {
        let device = Device::parse(told)?;
        device.is_servable()?;
        Ok(api::PushDevice { address: device.address(), keys: device.keys().to_string() })
    }

    fn vouches(&self, sealed: &[u8], user_id: &str, hash: &str) -> Option<bool> {
        match self.unseal(sealed).ok()?.provider {
            ChannelConfig::Onsite(config) => {
                config.user_hash_secret.as_ref()?;
                Some(config.vouches(user_id, hash))
            }
            _ => None,
        }
    }

    fn prepare_contact(
        &self,
        name: &str,
        told: &Value,
        stored: Option<&[u8]>,
    ) -> Result<Vec<u8>, Vec<FieldProblem>> {
        crate::contacts::prepare(&self.secret, name, told, stored)
    }

    fn shown_contact(&self, name: &str, sealed: &[u8]) -> Result<Value, String> {
        crate::contacts::shown(&self.secret, name, sealed).map_err(|error| error.to_string())
    }

    fn try_contact<'a>(
        &'a self,
        workspace: WorkspaceId,
        name: &'a str,
        sealed: &'a [u8],
        text: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let keeping = self.keeping.clone().ok_or("contacts cannot be tried here")?;
            let read = tokio::task::spawn_blocking(move || {
                keeping
                    .store
                    .read(|tx| Ok((tx.workspaces()?, tx.channel(workspace, Channel::Zalo.as_str())?)))
            });
            let read = read.await.map_err(|error| error.to_string())?;
            let (workspaces, zalo) = read.map_err(|error| error.to_string())?;
            let own =
                workspaces.iter().find(|own| own.workspace == workspace).ok_or("the workspace is gone")?;
            let zalo = zalo.filter(|row| row.enabled).and_then(|row| self.unseal(&row.sealed).ok());
            let zalo = zalo.and_then(|settings| {
                plugs::build(&settings.provider, &self.surroundings(own, Channel::Zalo)).ok()
            });
            let hook: ChannelConfig = serde_json::from_value(serde_json::json!({ "provider": "webhook" }))
                .map_err(|error| error.to_string())?;
            let surroundings = self.surroundings(own, Channel::Webhook);
            let webhook = plugs::build(&hook, &surroundings)?;
            let contact =
                crate::contacts::unseal(&self.secret, name, sealed).map_err(|error| error.to_string())?;
            let contacts = BTreeMap::from([(name.to_owned(), contact)]);
            let channel = StaffChannel::new(contacts, &surroundings.egress, webhook, zalo)?;
            let Some(text) = text else { return channel.check_contact(name).await };
            let now = crate::clock::SystemClock.now();
            let delivery = Delivery {
                key: kit::Id::new(now, &mut crate::installation::seeded_rng()).to_string(),
                channel: Channel::Webhook.to_string(),
                to: name.to_owned(),
                content: Content::Text(TextContent { body: text.to_owned(), class: MessageClass::Care }),
                attempt: 1,
                attempted_at: now,
            };
            match plugs::Channel::deliver(&channel, &delivery).await {
                Outcome::Accepted { detail, .. } => Ok(detail),
                other => Err(other.detail().to_owned()),
            }
        })
    }

    fn check<'a>(&'a self, channel: Channel, sealed: &'a [u8]) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let settings = self.unseal(sealed).map_err(|error| error.to_string())?;
            let allow = channel == Channel::Email && self.private_relays;
            plugs::build(&settings.provider, &Surroundings::bare(&self.egress(allow)))?.check().await
        })
    }
}
