namespace OrleansDDM.Silos.Storage;

/// <summary>A part of the database schema that is installed and upgraded for itself. A changed query text is a new version.</summary>
/// <param name="Name">Its name in the table <c>DdmSchema</c>.</param>
/// <param name="Version">The version that this program needs.</param>
/// <param name="Tables">Its tables, lower case as PostgreSQL keeps them.</param>
/// <param name="Queries">The keys that the Orleans provider asks for; their texts are files of the same name.</param>
internal sealed record SchemaFeature(string Name, int Version, string[] Tables, string[] Queries)
{
    /// <summary>Who is in the cluster.</summary>
    public static SchemaFeature Clustering { get; } = new(
        "clustering",
        1,
        ["clusterversion", "clustermember"],
        [
            "InsertMembershipVersionKey", "MembershipReadAllKey", "MembershipReadRowKey", "InsertMembershipKey", "UpdateMembershipKey",
            "UpdateIAmAlivetimeKey", "GatewaysQueryKey", "DeleteMembershipTableEntriesKey", "CleanupDefunctSiloEntriesKey",
            "CleanupDefunctSiloEntryKey",
        ]);

    /// <summary>What grains remember; the queries are the same for PostgreSQL and SQLite.</summary>
    public static SchemaFeature GrainStorage { get; } = new(
        "grain-storage", 2, ["grainstate"], ["ReadFromStorageKey", "WriteToStorageKey", "ClearStorageKey", "DeleteStorageKey"]);

    /// <summary>Reminders, which outlive silos.</summary>
    public static SchemaFeature Reminders { get; } = new(
        "reminders",
        1,
        ["reminder"],
        [
            "UpsertReminderRowKey", "ReadReminderRowKey", "ReadReminderRowsKey", "ReadRangeRows1Key", "ReadRangeRows2Key", "DeleteReminderRowKey",
            "DeleteReminderRowsKey",
        ]);

    /// <summary>Which cluster it is; no Orleans provider asks for it.</summary>
    public static SchemaFeature Identity { get; } = new("identity", 1, ["clusteridentity"], []);

    /// <summary>Revoked tokens; no Orleans provider asks for them.</summary>
    public static SchemaFeature Tokens { get; } = new("tokens", 1, ["tokenrevocation"], []);

    /// <summary>All features of a cluster's database.</summary>
    public static IReadOnlyList<SchemaFeature> All { get; } = [Clustering, GrainStorage, Reminders, Identity, Tokens];
}
