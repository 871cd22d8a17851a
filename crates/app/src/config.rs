//! What the command line, the environment (`QUAYLAI_*`) and a config file say, in this order of weight.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// The data folder: database, secret key, files.
    #[arg(long, value_name = "DIR", env = "QUAYLAI_DATA", default_value = "data")]
    pub data: PathBuf,

    /// PostgreSQL instead of the SQLite file in the data folder: postgres://user@host/name
    #[arg(long, value_name = "URL", env = "QUAYLAI_DATABASE", hide_env_values = true)]
    pub database: Option<String>,

    /// A TOML file with the same settings; see docs/operating.md.
    #[arg(long, value_name = "FILE", env = "QUAYLAI_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// Where to listen. Keep it on loopback behind a reverse proxy that ends TLS.
    #[arg(long, value_name = "HOST:PORT", env = "QUAYLAI_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// How customers' browsers reach this server, such as https://mail.shop.vn
    #[arg(long, value_name = "URL", env = "QUAYLAI_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Proxies whose X-Forwarded-For is believed: addresses or blocks, separated by commas.
    #[arg(long, value_name = "LIST", env = "QUAYLAI_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,

    /// Whether shops may use mail relays on private networks and on this machine.
    #[arg(long, value_name = "BOOL", env = "QUAYLAI_PRIVATE_RELAYS")]
    pub private_relays: Option<bool>,

    /// Serve the web app from this folder instead of the one built in, while working on it.
    #[arg(long, value_name = "DIR", env = "QUAYLAI_WEB_DIR")]
    pub web_dir: Option<PathBuf>,

    /// How log lines are written: text or json.
    #[arg(long, value_name = "FORMAT", env = "QUAYLAI_LOG_FORMAT")]
    pub log_format: Option<String>,
}

/// The config file. Every key is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub data: Option<PathBuf>,
    pub database: Option<String>,
    pub listen: Option<SocketAddr>,
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<String>,
    pub private_relays: Option<bool>,
    pub log_format: Option<String>,
}

impl File {
    fn read(path: &Path) -> Result<File> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }
}

/// Where the data is, with everything decided.
#[derive(Clone, Debug)]
pub struct Data {
    pub folder: PathBuf,
    pub database: Option<String>,
    pub file: File,
}

impl DataArgs {
    pub fn settle(&self) -> Result<Data> {
        let file = self.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let given = self.data != Path::new("data");
        let folder = match (&file.data, given) {
            (Some(folder), false) => folder.clone(),
            _ => self.data.clone(),
        };
        let database = self.database.clone().or_else(|| file.database.clone());
        if let Some(url) = &database
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            bail!("--database takes postgres://user@host/name; without it SQLite in the data folder is used");
        }
        Ok(Data { folder, database, file })
    }
}

/// How the server is reached, with everything decided.
#[derive(Clone, Debug)]
pub struct Listen {
    pub address: SocketAddr,
    pub public_url: String,
    pub trusted_proxies: Vec<api::Network>,
    pub private_relays: bool,
    pub web_dir: Option<PathBuf>,
    pub json_logs: bool,
}

impl ListenArgs {
    pub fn settle(&self, file: &File) -> Result<Listen> {
        let default = SocketAddr::from(([127, 0, 0, 1], 8420));
        let address = self.listen.or(file.listen).unwrap_or(default);
        let public_url = self.public_url.clone().or_else(|| file.public_url.clone());
        let public_url = public_url.unwrap_or_else(|| format!("http://{address}"));
        if !public_url.starts_with("http://") && !public_url.starts_with("https://") {
            bail!("--public-url begins with https:// or http://");
        }
        let listed =
            if self.trusted_proxies.is_empty() { &file.trusted_proxies } else { &self.trusted_proxies };
        let trusted_proxies = listed
            .iter()
            .map(|text| text.parse::<api::Network>().map_err(anyhow::Error::msg))
            .collect::<Result<_>>()?;
        let format = self.log_format.clone().or_else(|| file.log_format.clone());
        let json_logs = match format.as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => bail!("--log-format is text or json, not {other:?}"),
        };
        Ok(Listen {
            address,
            public_url: public_url.trim_end_matches('/').to_owned(),
            trusted_proxies,
            private_relays: self.private_relays.or(file.private_relays).unwrap_or(true),
            web_dir: self.web_dir.clone(),
            json_logs,
        })
    }
}
