using System.Globalization;
using System.Reflection;

using OrleansDDM.Silos.Local;
using OrleansDDM.Silos.Storage;

using Xunit;
using Xunit.Sdk;

namespace OrleansDDM.Tests.Silos;

/// <summary>One throw-away PostgreSQL for all tests of a run; it ends with the test process, however that ends.</summary>
internal static class TestPostgres
{
    private static readonly Lazy<Task<LocalPostgres>> Server = new(StartAsync);
    private static int _databases;

    /// <summary>Why tests on it are left out; null where they run.</summary>
    public static string? Absent { get; } = LocalPostgres.Binaries is null ? "PostgreSQL is not installed (Debian: apt-get install postgresql)." : null;

    /// <summary>The connection string of a new empty database.</summary>
    public static async Task<string> EmptyAsync()
    {
        LocalPostgres server = await Server.Value;
        return await server.CreateDatabaseAsync("test" + Interlocked.Increment(ref _databases).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The connection string of a new database with the schema.</summary>
    public static async Task<string> InstalledAsync()
    {
        string connection = await EmptyAsync();
        await PostgresSchema.InstallAsync(connection);
        return connection;
    }

    private static async Task<LocalPostgres> StartAsync()
    {
        LocalPostgres server = await LocalPostgres.StartAsync(guarded: true);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return server;
    }
}

/// <summary>A fact that needs PostgreSQL.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = TestPostgres.Absent;
}

/// <summary>A theory that needs PostgreSQL.</summary>
internal sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = TestPostgres.Absent;
}

/// <summary>The database under grain storage.</summary>
public enum Backend
{
    Sqlite,
    Postgres,
}

/// <summary>Runs a theory on SQLite.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class OnSqliteAttribute(params object[] more) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Backend.Sqlite, .. more]];
}

/// <summary>Runs a theory on PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class OnPostgresAttribute : DataAttribute
{
    private readonly object[] _more;

    public OnPostgresAttribute(params object[] more)
    {
        _more = more;
        Skip = TestPostgres.Absent;
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Backend.Postgres, .. _more]];
}
