using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security.Tokens;

namespace OrleansDDM.Silos.Storage;

/// <summary>The revoked tokens of a cluster, in its database: every silo reads them again and again.</summary>
public static class RevocationTable
{
    /// <summary>What is revoked: by name, the moment up to which tokens were issued that hold no more.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SchemaException">It cannot be read.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        await using var command = new NpgsqlCommand("SELECT Name, IssuedUpTo FROM TokenRevocation", connection);
        try
        {
            var revoked = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                revoked[reader.GetString(0)] = reader.GetFieldValue<DateTimeOffset>(1);
            }

            return revoked;
        }
        catch (NpgsqlException e)
        {
            throw ClusterDatabase.Failure(
                connection, e, r => $"The revoked tokens cannot be read from the cluster's database: {r.MessageText}. Check it: ddm db check --cluster \"...\"");
        }
    }

    /// <summary>
    /// Revokes the tokens of a name that hold now, also those that a clock has issued which is ahead by the skew: what silos may believe at this moment.
    /// </summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster, of a role that may write the table.</param>
    /// <param name="name">The tokens' name; <see cref="TokenRevocations.Everyone"/> = all tokens.</param>
    /// <param name="skew">How far clocks may differ, as the silos of the cluster have it.</param>
    /// <param name="clock">The clock of this machine. What counts is that of the database.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The moment up to which tokens were issued that hold no more.</returns>
    /// <exception cref="ConfigurationException">The clocks of this machine and of the database differ by more than the skew; nothing is revoked.</exception>
    /// <exception cref="SchemaException">The database has no schema of this version, or the role may not write.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task<DateTimeOffset> RevokeAsync(
        string connectionString, string name, TimeSpan skew, TimeProvider clock, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(clock);
        DateTimeOffset now;
        await using (NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation))
        {
            DateTimeOffset before = clock.GetUtcNow();
            now = await ClusterDatabase.NowAsync(connection, cancellation);
            if (now < before - skew || now > clock.GetUtcNow() + skew)
            {
                throw new ConfigurationException(
                    $"Nothing is revoked: here it is {before:u} and in the database {now:u}, which is further apart than clocks may be. Set them, or give more --skew-seconds.");
            }
        }

        await AddAsync(connectionString, name, now + skew, cancellation);
        return now + skew;
    }

    /// <summary>Revokes the tokens of a name that were issued up to a moment. What was revoked so long before it that all of it has ended is forgotten.</summary>
    internal static async Task AddAsync(string connectionString, string name, DateTimeOffset issuedUpTo, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await PostgresSchema.RequireAsync(connectionString, cancellation);
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        await using var command = new NpgsqlCommand(
            """
            WITH ended AS (DELETE FROM TokenRevocation WHERE IssuedUpTo < $3 AND Name <> $1)
            INSERT INTO TokenRevocation (Name, IssuedUpTo) VALUES ($1, $2)
            ON CONFLICT (Name) DO UPDATE SET IssuedUpTo = greatest(TokenRevocation.IssuedUpTo, excluded.IssuedUpTo)
            """,
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter { Value = name },
                new NpgsqlParameter { Value = issuedUpTo.ToUniversalTime() },
                new NpgsqlParameter { Value = (issuedUpTo - (2 * Token.LongestLife)).ToUniversalTime() },
            },
        };
        try
        {
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (NpgsqlException e)
        {
            throw ClusterDatabase.Failure(
                connection, e, r => $"The token cannot be revoked: {r.MessageText}. It takes a role that may write the table TokenRevocation; docs/operations.md tells which.");
        }
    }
}
