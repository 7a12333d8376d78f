using System.Diagnostics;
using System.Runtime.CompilerServices;

using Microsoft.Extensions.Logging;

using Npgsql;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Local;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>What docs/operations.md says of backup and restore.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private bool _released;

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task Run_goes_on_where_the_backup_was_taken_and_a_trained_one_has_its_model()
    {
        string database = await TestPostgres.InstalledAsync();
        var runtime = new FakeRuntime { BeforeStep = (role, step, stop) => Volatile.Read(ref _released) || step < 20 || stop.WaitHandle.WaitOne(20) & false };
        string dump = _folder.File("dump.sql");
        using var backup = new RunFolder();
        RunStatus trained;
        await using (ClusterSilo a = await StartAsync(database, _folder, runtime, "a"))
        await using (ClusterSilo b = await StartAsync(database, _folder, runtime, "b"))
        {
            Volatile.Write(ref _released, true);
            await Run(a, "trained").SubmitAsync(SpecJson.Write(Spec("trained")));
            trained = await UntilAsync(a, "trained", s => s.Phase == RunPhase.Ready);
            Volatile.Write(ref _released, false);
            await Run(a, "half").SubmitAsync(SpecJson.Write(Spec("half")));
            await UntilAsync(a, "half", s => s.Models.Length == 3 && s.Models.All(m => m.Step == 20));
        }

        await PostgresAsync("pg_dump", database, "--no-owner", "--file", dump);
        CopyTo(_folder, backup);

        // What comes after the backup is lost with it, and nothing else.
        string restored = await TestPostgres.EmptyAsync();
        await PostgresAsync("psql", restored, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", dump);
        int opened = runtime.Opened.Count;
        Volatile.Write(ref _released, true);
        await using ClusterSilo again = await StartAsync(restored, backup, runtime, "a");
        await using ClusterSilo other = await StartAsync(restored, backup, runtime, "b");
        RunStatus end = await UntilAsync(again, "half", s => s.Phase == RunPhase.Ready);
        Assert.All(runtime.Opened.Skip(opened), o => Assert.Equal(20, o.Step));
        Assert.Equal(ModelRole.Of(2).Select(role => ArtifactNames.Of(FakeRuntime.ExpectedWeights(Spec("half"), role))), end.Models.Select(m => m.Weights!.Sha256));
        RunStatus there = await Run(again, "trained").GetStatusAsync();
        Assert.Equal(trained.Models.Select(m => m.Weights), there.Models.Select(m => m.Weights));
        foreach (string name in there.Models.Select(m => m.Weights!.Sha256))
        {
            Assert.Equal(2, await again.Client.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts).VerifyAsync(name));
        }
    }

    [PostgresFact]
    public async Task Restored_ensemble_draws_the_same_image_bits()
    {
        string database = await TestPostgres.InstalledAsync();
        var learning = new LearningRuntime(DatasetCatalog.Default([]));
        string dump = _folder.File("dump.sql");
        using var backup = new RunFolder();
        var network = new ModelSpec { Width = 16, Depth = 1, Heads = 2 };
        RunSpec spec = Spec("trained") with
        {
            Data = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 200 },
            Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
            Model = network,
            Router = new RouterSpec { Model = network, Batch = 16 },
            Training = new TrainingSpec { Steps = 20, Batch = 16, Warmup = 2, Validations = 1 },
            Sampling = new SamplingSpec { Steps = 4 },
        };
        float[] drawn;
        await using (ClusterSilo a = await StartAsync(database, _folder, learning, "a"))
        {
            await Run(a, "trained").SubmitAsync(SpecJson.Write(spec));
            await UntilAsync(a, "trained", s => s.Phase == RunPhase.Ready);
            drawn = await DrawAsync(a);
        }

        await PostgresAsync("pg_dump", database, "--no-owner", "--file", dump);
        CopyTo(_folder, backup);
        string restored = await TestPostgres.EmptyAsync();
        await PostgresAsync("psql", restored, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", dump);
        await using ClusterSilo again = await StartAsync(restored, backup, learning, "a");
        Assert.Equal(4 * 64, drawn.Length);
        Assert.Contains(drawn, v => v != drawn[0]);
        Assert.Equal(drawn, await DrawAsync(again));
    }

    private static async Task<float[]> DrawAsync(ClusterSilo silo)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        SampleResult? result = null;
        ISamplerGrain sampler = silo.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample(Guid.NewGuid().ToString("N")));
        await foreach (SampleProgress p in sampler.SampleAsync(new SampleRequest { Run = "trained", Count = 4, Seed = 3 }).WithCancellation(late.Token))
        {
            result = p.Result ?? result;
        }

        return result!.Values;
    }

    private static IRunGrain Run(ClusterSilo silo, string name) => silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    private static RunSpec Spec(string name) => new()
    {
        Name = name,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    private static Task<ClusterSilo> StartAsync(string database, string folder, ILearningRuntime runtime, string name) => ClusterSilo.StartAsync(
        new ClusterSiloOptions
        {
            Connection = database,
            Name = name,
            Folder = folder,
            Slots = 2,
            Slice = TimeSpan.FromMilliseconds(50),
            LogLevel = LogLevel.None,
        },
        runtime);

    private static Task<RunStatus> UntilAsync(ClusterSilo silo, string name, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync(() => Run(silo, name).GetStatusAsync()!, holds, what: what);

    private static async Task PostgresAsync(string program, string database, params string[] arguments)
    {
        var builder = new NpgsqlConnectionStringBuilder(database);
        string[] where = ["--host", builder.Host!, "--port", builder.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--username", builder.Username!, "--dbname", builder.Database!];
        var start = new ProcessStartInfo(Path.Combine(LocalPostgres.Binaries!, program), [.. where, .. arguments]) { RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = builder.Password;
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {error}");
    }

    private static void CopyTo(RunFolder from, RunFolder to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            string target = to.File(Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
