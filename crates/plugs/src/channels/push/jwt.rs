//! JSON Web Tokens in their one form that both ways need: a header, claims, and a signature over both (RFC 7515).

use serde_json::Value;

use super::device::BASE64URL;
use base64::Engine;

/// The token `header.claims.signature`. Errors: what `sign` says.
pub(super) fn signed(
    header: &Value,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<String, String> {
    let mut token = BASE64URL.encode(header.to_string());
    token.push('.');
    BASE64URL.encode_string(claims.to_string(), &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    BASE64URL.encode_string(signature, &mut token);
    Ok(token)
}
