using System.Globalization;
using System.Net;

using Npgsql;

using Orleans.Runtime;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Cluster;

/// <summary>Reads what the database of a cluster knows, without a silo.</summary>
public static class ClusterMembers
{
    // Names of the states that run and solve grains keep; the storage provider puts them where other systems have the grain's type.
    private const string RunState = "run";
    private const string SolveState = "solve";

    /// <summary>The silos of the newest generation at each address, by name.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SchemaException">The database cannot be read.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static Task<IReadOnlyList<SiloRecord>> ReadAsync(string connectionString, CancellationToken cancellation = default) =>
        ReadAsync(
            connectionString,
            """
            SELECT DISTINCT ON (SiloName) SiloName, Status, Address, Port, ProxyPort, HostName, StartTime, IAmAliveTime
            FROM ClusterMember WHERE DeploymentId = $1 ORDER BY SiloName, StartTime DESC
            """,
            SiloHost.ClusterId,
            row =>
            {
                IPAddress address = IPAddress.Parse(row.GetString(2));
                int gateway = row.GetInt32(4);
                return new SiloRecord(
                    row.GetString(0),
                    ((SiloStatus)row.GetInt32(1)).ToString(),
                    new IPEndPoint(address, row.GetInt32(3)),
                    gateway > 0 ? new IPEndPoint(address, gateway) : null,
                    row.GetString(5),
                    row.GetFieldValue<DateTimeOffset>(6),
                    row.GetFieldValue<DateTimeOffset>(7));
            },
            cancellation);

    /// <summary>What time it is by the database's clock, which need not be that of this machine.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task<DateTimeOffset> NowAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        return await ClusterDatabase.NowAsync(connection, cancellation);
    }

    /// <summary>The keys of all runs that were ever submitted, in order.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SchemaException">The database cannot be read.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static Task<IReadOnlyList<string>> RunKeysAsync(string connectionString, CancellationToken cancellation = default) =>
        KeysAsync(connectionString, RunState, "TRUE", cancellation);

    /// <summary>The keys of the runs that are neither ready nor stopped nor faulted, in order.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SchemaException">The database cannot be read.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static Task<IReadOnlyList<string>> OpenRunKeysAsync(string connectionString, CancellationToken cancellation = default) =>
        KeysAsync(
            connectionString,
            RunState,
            string.Create(CultureInfo.InvariantCulture, $"coalesce((state ->> 'Phase')::integer, 0) NOT IN ({(int)RunPhase.Stopped}, {(int)RunPhase.Faulted}, {(int)RunPhase.Ready})"),
            cancellation);

    /// <summary>The keys of the solves that are at work, in order.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SchemaException">The database cannot be read.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static Task<IReadOnlyList<string>> OpenSolveKeysAsync(string connectionString, CancellationToken cancellation = default) =>
        KeysAsync(
            connectionString,
            SolveState,
            string.Create(CultureInfo.InvariantCulture, $"(state -> 'Status' ->> 'Phase')::integer = {(int)SolvePhase.Running}"),
            cancellation);

    // The condition is on the stored state as JSON.
    private static Task<IReadOnlyList<string>> KeysAsync(string connectionString, string name, string condition, CancellationToken cancellation) =>
        ReadAsync(
            connectionString,
            $"""
            SELECT GrainIdExtensionString FROM GrainState, LATERAL (SELECT convert_from(PayloadBinary, 'UTF8')::json AS state) AS payload
            WHERE GrainTypeString = $1 AND GrainIdExtensionString IS NOT NULL AND PayloadBinary IS NOT NULL AND {condition}
            ORDER BY 1
            """,
            name,
            row => row.GetString(0),
            cancellation);

    private static async Task<IReadOnlyList<T>> ReadAsync<T>(
        string connectionString, string text, string parameter, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        await using var command = new NpgsqlCommand(text, connection) { Parameters = { new NpgsqlParameter { Value = parameter } } };
        try
        {
            var rows = new List<T>();
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                rows.Add(read(reader));
            }

            return rows;
        }
        catch (NpgsqlException e)
        {
            throw ClusterDatabase.Failure(connection, e, r => $"The cluster's database cannot be read: {r.MessageText}. Check it: ddm db check --cluster \"...\"");
        }
    }
}
