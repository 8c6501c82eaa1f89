//! A row made into the record that it was: CloudTrail's names, objects where the log had objects. What the table has no
//! column for is lost, which docs/athena.md says.

use serde_json::{Map, Value};

use super::layout::{Layout, Type};

/// The record of a row, its cells in the order of the layout's columns; a missing cell is none.
pub fn record(layout: &Layout, cells: &[Option<&str>]) -> String {
    let mut record = Map::new();
    for ((name, kind), cell) in layout.columns.iter().zip(cells) {
        let Some(cell) = cell else { continue };
        let value = match kind {
            Type::Plain(_) => plain(name, cell),
            // What is no JSON after all stays visible as text.
            kind => {
                serde_json::from_str(cell).map_or_else(|_| Some((*cell).into()), |value| rebuilt(kind, value, name))
            }
        };
        if let Some(value) = value {
            record.insert(spelled(name, "").to_owned(), value);
        }
    }
    Value::Object(record).to_string()
}

fn plain(name: &str, cell: &str) -> Option<Value> {
    match name {
        "readonly" | "managementevent" => Some(match cell {
            "true" => true.into(),
            "false" => false.into(),
            other => other.into(),
        }),
        "requestparameters"
        | "responseelements"
        | "additionaleventdata"
        | "serviceeventdetails"
        | "edgedevicedetails"
        | "insightdetails"
        | "eventcontext" => Some(match serde_json::from_str(cell) {
            Ok(value @ (Value::Object(_) | Value::Array(_) | Value::Null)) => value,
            _ => cell.into(),
        }),
        _ => Some(cell.into()),
    }
}

/// With CloudTrail's names, and without what the record did not have. A row may come as an array of its fields' values.
fn rebuilt(kind: &Type, value: Value, within: &str) -> Option<Value> {
    let object = |pairs: &mut dyn Iterator<Item = (&String, &Type, Value)>| {
        let fields: Map<String, Value> = pairs
            .filter_map(|(name, kind, value)| Some((spelled(name, within).to_owned(), rebuilt(kind, value, name)?)))
            .collect();
        (!fields.is_empty()).then_some(Value::Object(fields))
    };
    match (kind, value) {
        (_, Value::Null) => None,
        (Type::Struct(fields), Value::Object(mut values)) => object(&mut fields.iter().map(|(name, kind)| {
            let value = values.remove(name).unwrap_or(Value::Null);
            (name, kind, value)
        })),
        (Type::Struct(fields), Value::Array(values)) => {
            object(&mut fields.iter().zip(values).map(|((name, kind), value)| (name, kind, value)))
        }
        (Type::Array(kind), Value::Array(values)) => {
            Some(Value::Array(values.into_iter().filter_map(|value| rebuilt(kind, value, within)).collect()))
        }
        (_, value) => Some(value),
    }
}

/// A name as CloudTrail spells it ("CloudTrail record contents"); the catalog has small letters only.
fn spelled<'a>(name: &'a str, within: &str) -> &'a str {
    match name {
        "eventversion" => "eventVersion",
        "useridentity" => "userIdentity",
        "eventtime" => "eventTime",
        "eventsource" => "eventSource",
        "eventname" => "eventName",
        "awsregion" => "awsRegion",
        "sourceipaddress" => "sourceIPAddress",
        "useragent" => "userAgent",
        "errorcode" => "errorCode",
        "errormessage" => "errorMessage",
        "requestparameters" => "requestParameters",
        "responseelements" => "responseElements",
        "additionaleventdata" => "additionalEventData",
        "requestid" => "requestID",
        "eventid" => "eventID",
        "readonly" => "readOnly",
        "managementevent" => "managementEvent",
        "eventtype" => "eventType",
        "apiversion" => "apiVersion",
        "recipientaccountid" => "recipientAccountId",
        "serviceeventdetails" => "serviceEventDetails",
        "sharedeventid" => "sharedEventID",
        "vpcendpointid" => "vpcEndpointId",
        "vpcendpointaccountid" => "vpcEndpointAccountId",
        "eventcategory" => "eventCategory",
        "insightdetails" => "insightDetails",
        "eventcontext" => "eventContext",
        "sessioncredentialfromconsole" => "sessionCredentialFromConsole",
        "edgedevicedetails" => "edgeDeviceDetails",
        "tlsdetails" => "tlsDetails",
        "tlsversion" => "tlsVersion",
        "ciphersuite" => "cipherSuite",
        "clientprovidedhostheader" => "clientProvidedHostHeader",
        "principalid" => "principalId",
        "accountid" => "accountId",
        "invokedby" => "invokedBy",
        "accesskeyid" => "accessKeyId",
        "username" => "userName",
        "identityprovider" => "identityProvider",
        "credentialid" => "credentialId",
        "onbehalfof" => "onBehalfOf",
        "userid" => "userId",
        "identitystorearn" => "identityStoreArn",
        "sessioncontext" => "sessionContext",
        "mfaauthenticated" => "mfaAuthenticated",
        "creationdate" => "creationDate",
        "sessionissuer" => "sessionIssuer",
        "assumedroot" => "assumedRoot",
        "ec2roledelivery" => "ec2RoleDelivery",
        "webidfederationdata" => "webIdFederationData",
        "federatedprovider" => "federatedProvider",
        "updatedfields" => "updatedFields",
        "originalrequestid" => "originalRequestID",
        "originaleventid" => "originalEventID",
        // In the list of resources it is in capitals, in identities it is not.
        "arn" if within == "resources" => "ARN",
        "resourcename" => "resourceName",
        other => other,
    }
}
