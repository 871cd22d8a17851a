//! How the instants and numbers of kit stand in a stored run.

pub(crate) mod timestamp {
    use kit::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.ms())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_ms)
    }
}

pub(crate) mod timestamp_if_any {
    use kit::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::ms).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Option::<i64>::deserialize(deserializer).map(|ms| ms.map(Timestamp::from_ms))
    }
}

pub(crate) mod profile_no {
    use kit::ProfileNo;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(no: &ProfileNo, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(no.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProfileNo, D::Error> {
        i64::deserialize(deserializer).map(ProfileNo)
    }
}
