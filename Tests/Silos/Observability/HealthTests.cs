using System.Text.Json;

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>Each health check on a fake that can be broken.</summary>
public sealed class HealthTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Slice_that_goes_far_beyond_its_budget_is_a_stuck_thread()
    {
        var watch = new WorkWatch(_time);
        var check = new TrainingCheck(watch);
        using (watch.BeginSlice("digits/expert-0", TimeSpan.FromSeconds(2)))
        {
            _time.Advance(TimeSpan.FromSeconds(120));
            Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status);
            _time.Advance(TimeSpan.FromSeconds(1));
            HealthCheckResult stuck = await Check(check);
            Assert.Equal(HealthStatus.Unhealthy, stuck.Status);
            Assert.Contains("digits/expert-0 has been at one piece of work for 121 s", stuck.Description, StringComparison.Ordinal);
        }

        Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status);
    }

    [Fact]
    public async Task Slices_with_a_small_budget_have_a_minute_all_the_same_and_each_is_watched_on_its_own()
    {
        var watch = new WorkWatch(_time);
        using IDisposable first = watch.BeginSlice("r/expert-0", TimeSpan.FromMilliseconds(10));
        _time.Advance(TimeSpan.FromSeconds(50));
        using IDisposable second = watch.BeginSlice("r/expert-1", TimeSpan.FromMilliseconds(10));
        Assert.Equal(HealthStatus.Healthy, (await Check(new TrainingCheck(watch))).Status);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(["r/expert-0"], watch.Stuck().Select(s => s.What));
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(["r/expert-0", "r/expert-1"], watch.Stuck().Select(s => s.What));
    }

    [Fact]
    public async Task Lost_database_is_told_with_its_reason()
    {
        var database = new FakeDatabase();
        var check = new DatabaseCheck(database, _time);
        Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status);
        database.Ping = _ => throw new InvalidOperationException("connection refused");
        Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status); // however many ask, it is asked once a second
        _time.Advance(TimeSpan.FromSeconds(1));
        HealthCheckResult lost = await Check(check);
        Assert.Equal((HealthStatus.Unhealthy, "connection refused"), (lost.Status, lost.Description));
    }

    [Fact]
    public async Task Database_that_is_silent_is_given_up()
    {
        // It does not even look at its token, as a connection does that a firewall has swallowed.
        var check = new DatabaseCheck(new FakeDatabase { Ping = _ => new TaskCompletionSource().Task }, _time);
        Task<HealthCheckResult> asked = Check(check);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        HealthCheckResult silent = await asked;
        Assert.Equal((HealthStatus.Unhealthy, "The database has not answered for 5 s."), (silent.Status, silent.Description));
    }

    [Theory]
    [InlineData(SiloStatus.Active, HealthStatus.Healthy)]
    [InlineData(SiloStatus.Joining, HealthStatus.Unhealthy)]
    [InlineData(SiloStatus.ShuttingDown, HealthStatus.Unhealthy)]
    [InlineData(SiloStatus.Dead, HealthStatus.Unhealthy)]
    public async Task Silo_is_ready_only_while_it_is_active(SiloStatus status, HealthStatus health)
    {
        FakeCluster cluster = new FakeCluster().Set(status);
        Assert.Equal(health, (await Check(new SiloCheck(cluster, cluster))).Status);
    }

    [Fact]
    public async Task Too_few_active_silos_are_noticed()
    {
        FakeCluster cluster = new FakeCluster().Set(SiloStatus.Active, SiloStatus.Active, SiloStatus.Active);
        var check = new SilosCheck(cluster, expected: 3);
        Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status);
        cluster.Set(SiloStatus.Active, SiloStatus.Active, SiloStatus.Dead);
        HealthCheckResult few = await Check(check);
        Assert.Equal(HealthStatus.Unhealthy, few.Status);
        Assert.StartsWith("2 of 3 silos are active.", few.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task Too_few_silos_are_told_to_the_log_once_after_a_while(int active, bool told)
    {
        var log = new Lines();
        FakeCluster cluster = new FakeCluster().Set([.. Enumerable.Repeat(SiloStatus.Active, active)]);
        using var warning = new SilosWarning(cluster, expected: 3, _time, log);
        Task looking = warning.LookAsync(CancellationToken.None);
        _time.Advance(SilosWarning.Patience - TimeSpan.FromSeconds(1));
        Assert.False(looking.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await looking;
        Assert.Equal(told ? [$"{active} of 3 silos are active"] : [], log.Texts.Select(t => t.Split(',')[0]));
    }

    [Fact]
    public async Task Missing_copies_only_degrade_a_silo_and_unknown_ones_do_not()
    {
        Assert.Equal(HealthStatus.Healthy, (await Check(new ReplicationCheck())).Status);
        Assert.Equal(HealthStatus.Healthy, (await Check(new ReplicationCheck(new FakeReplication(null)))).Status);
        Assert.Equal(HealthStatus.Healthy, (await Check(new ReplicationCheck(new FakeReplication(0)))).Status);
        HealthCheckResult missing = await Check(new ReplicationCheck(new FakeReplication(3)));
        Assert.Equal(HealthStatus.Degraded, missing.Status);
        Assert.StartsWith("3 artifacts", missing.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_are_told_two_weeks_before_they_end()
    {
        using var folder = new RunFolder();
        var clock = new ManualClock();
        using var authority = CertificateAuthority.Create(folder, clock);
        TlsFiles files = authority.AddSilo("127.0.0.1");
        var check = new CertificateCheck([CertificateFile.Load(files.Certificate, files.Key, clock)], clock);
        Assert.Equal(HealthStatus.Healthy, (await Check(new CertificateCheck([], clock))).Status);
        clock.Advance(TimeSpan.FromDays(397 - 14) - TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Healthy, (await Check(check)).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        HealthCheckResult soon = await Check(check);
        Assert.Equal(HealthStatus.Degraded, soon.Status);
        Assert.Contains("silo-127.0.0.1.pem", soon.Description, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromDays(14));
        Assert.Equal(HealthStatus.Unhealthy, (await Check(check)).Status);
    }

    [Fact]
    public async Task Report_names_the_checks_as_JSON()
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        var entry = new HealthReportEntry(HealthStatus.Unhealthy, "it is \"gone\"", TimeSpan.Zero, null, null);
        await Health.WriteAsync(context, new HealthReport(new Dictionary<string, HealthReportEntry> { ["database"] = entry }, TimeSpan.Zero));
        context.Response.Body.Position = 0;
        JsonElement json = (await JsonDocument.ParseAsync(context.Response.Body)).RootElement;
        Assert.Equal("unhealthy", json.GetProperty("status").GetString());
        Assert.Equal("it is \"gone\"", json.GetProperty("checks").GetProperty("database").GetProperty("description").GetString());
    }

    private static Task<HealthCheckResult> Check(IHealthCheck check) => check.CheckHealthAsync(new HealthCheckContext());

    private sealed class Lines : ILogger<SilosWarning>
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }

    private sealed class FakeDatabase : IStateDatabase
    {
        public Func<CancellationToken, Task> Ping { get; set; } = _ => Task.CompletedTask;

        public Task PingAsync(CancellationToken cancellation) => Ping(cancellation);

        public Task<IReadOnlyList<string>> RunKeysAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<string>>([]);
    }

    private sealed class FakeReplication(int? missing) : IReplication
    {
        public int? UnderReplicated => missing;

        public ValueTask<IReadOnlyDictionary<string, string[]>> HoldersAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation) =>
            ValueTask.FromResult<IReadOnlyDictionary<string, string[]>>(new Dictionary<string, string[]>());
    }
}
