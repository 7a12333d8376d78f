using Npgsql;

namespace OrleansDDM.Client;

/// <summary>What <c>--cluster</c> can do: tell whether the cluster's database answers. Runs are driven by the run's own silo.</summary>
internal static class ClusterGuard
{
    /// <summary>Ends the command if a cluster is named: it cannot be reached, or cannot be driven.</summary>
    /// <exception cref="CliException">Always, when <paramref name="connection"/> is not null.</exception>
    public static void Refuse(string? connection)
    {
        if (connection is null)
        {
            return;
        }

        try
        {
            using var database = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connection) { Timeout = 5 }.ConnectionString);
            database.Open();
        }
        catch (ArgumentException e)
        {
            throw new CliException(ExitCode.BadConfiguration, $"--cluster is not a PostgreSQL connection string: {e.Message}");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            throw new CliException(ExitCode.Unreachable, $"The cluster cannot be reached: {e.Message}");
        }

        throw new CliException(ExitCode.Unreachable, "The database answers, but runs on a cluster are not supported. Leave --cluster out to run in this process.");
    }
}
