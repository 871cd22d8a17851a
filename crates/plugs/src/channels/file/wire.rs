use serde_json::json;
use sha2::{Digest, Sha256};

use crate::email::compose;
use crate::{Content, Delivery};

/// The name and the bytes of the file for `delivery`. The name follows from the key alone, so that a second attempt
/// writes the same file. Errors: an e-mail that can't be composed.
pub(super) fn encode(delivery: &Delivery) -> Result<(String, Vec<u8>), String> {
    let (ending, bytes) = match &delivery.content {
        Content::Email(content) => ("eml", compose(delivery, content, None)?.message),
        Content::Webhook(content) => {
            let value = json!({
                "key": delivery.key, "method": content.method, "url": content.url, "headers": content.headers,
                "body": content.body,
            });
            ("json", serde_json::to_vec_pretty(&value).map_err(|error| error.to_string())?)
        }
        Content::Text(content) => {
            let value = json!({"key": delivery.key, "to": delivery.to, "body": content.body});
            ("json", serde_json::to_vec_pretty(&value).map_err(|error| error.to_string())?)
        }
        other => {
            let value = json!({"key": delivery.key, "to": delivery.to, "content": other});
            ("json", serde_json::to_vec_pretty(&value).map_err(|error| error.to_string())?)
        }
    };
    Ok((format!("{}.{ending}", stem(&delivery.key)), bytes))
}

/// What of the key is fit for a file name, for the reader, and a digest of all of it, for uniqueness.
fn stem(key: &str) -> String {
    let readable: String =
        key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').take(60).collect();
    let digest: String =
        Sha256::digest(key.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if readable.is_empty() { digest } else { format!("{readable}-{digest}") }
}
