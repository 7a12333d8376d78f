using OrleansDDM.Silos.Local;

namespace OrleansDDM.Client.Chaos;

/// <summary>The faults that <c>ddm chaos</c> knows.</summary>
internal static class FaultCatalog
{
    private const double CrashNoticed = 6;
    private const double HangNoticed = 15;
    private const double ClusterBack = 20;
    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Full = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Wrong = TimeSpan.FromSeconds(15);

    /// <summary>All of them, in the order of the report.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        Kill("kill-expert", "kill -9 of the silo of an expert", s => s.SiloOfSomeExpert()),
        Kill("kill-run", "kill -9 of the silo of the run", s => s.Run.Silo!),
        Kill("kill-router", "kill -9 of the silo of the router", s => s.SiloOf("router")),
        new("kill-sampler", "kill -9 of the silo that draws images", Elsewhere) { Samples = true },
        new("kill-replica", "kill -9 of a silo that evaluates an expert for the one that draws images", Elsewhere) { Samples = true, SparesSampler = true },
        new("kill-peers", "kill -9 of 80 % of the silos at once, each the host of one peer of an island; they are started again later", Elsewhere) { Peers = true, BackWithin = IslandTrial.LongestStall },
        new("kill-all", "kill -9 of all silos, which are started again at once", (s, _) => KillAll(s)) { Kills = true, OthersGoOn = false, BackWithin = ClusterBack },
        new("drain", "SIGTERM to the silo of an expert", (s, _) => DrainAsync(s)) { Kills = true, LosesNothing = true },
        Hang("hang-10", "SIGSTOP of the silo of an expert, SIGCONT after 10 s", 10) with { Spares = true },
        Hang("hang-60", "SIGSTOP of the silo of an expert, SIGCONT after 60 s", 60) with { Kills = true, NoticedWithin = HangNoticed },
        new("partition", "an expert's silo is cut off from the others for 30 s", CutAsync) { Kills = true, NoticedWithin = HangNoticed, Lasts = Cut },
        new("database-restart", "PostgreSQL is restarted", (s, c) => DatabaseAsync(s, TimeSpan.Zero, c)),
        new("database-away", "PostgreSQL is stopped for 30 s", (s, c) => DatabaseAsync(s, Cut, c)) { Lasts = Cut },
        new("disk-full", "an expert's silo can write no artifact for 10 s", DiskFullAsync) { Spares = true, Lasts = Full },
        new("clock", "an expert's silo has a clock that is wrong by up to 5 minutes, for 15 s", ClockAsync) { Stops = false, Spares = true, Lasts = Wrong },
        new("torn-checkpoint", "kill -9 of all silos; the newest artifact is cut off on every silo that has it", TornAsync)
        {
            Kills = true,
            OthersGoOn = false,
            Spoils = 1,
            BackWithin = ClusterBack,
        },
    ];

    /// <summary>The faults of a mix of a soak.</summary>
    public static IReadOnlyList<Fault> Mix(ChaosMix mix)
    {
        string[] names = mix switch
        {
            ChaosMix.Kill => ["kill-expert", "kill-run", "kill-router"],
            ChaosMix.Load => [],
            ChaosMix.Hang => ["hang-10", "hang-60", "partition"],
            _ => ["kill-expert", "kill-run", "kill-router", "drain", "hang-10", "partition", "database-restart", "database-away", "disk-full", "clock"],
        };
        return [.. names.Select(n => All.Single(f => f.Name == n))];
    }

    // These have trials of their own.
    private static Task<Harm> Elsewhere(Scene scene, CancellationToken cancellation) => throw new InvalidOperationException("It does not strike a run in training.");

    private static Fault Kill(string name, string what, Func<Scene, string> victim) => new(name, what, (scene, _) =>
    {
        string silo = victim(scene);
        scene.Cluster.Kill(silo);
        return Task.FromResult(Harm.To(silo));
    })
    {
        Kills = true,
        NoticedWithin = CrashNoticed,
    };

    private static Task<Harm> KillAll(Scene scene)
    {
        scene.Cluster.Kill(scene.Cluster.Silos);
        return Task.FromResult(Harm.To(scene.Cluster.Silos));
    }

    private static Task<Harm> DrainAsync(Scene scene)
    {
        string silo = scene.SiloOfSomeExpert();
        scene.Cluster.Signal(silo, "TERM");
        return Task.FromResult(Harm.To(silo));
    }

    private static Fault Hang(string name, string what, int seconds) => new(name, what, (scene, cancellation) =>
    {
        string silo = scene.SiloOfSomeExpert();
        scene.Cluster.Signal(silo, "STOP");
        return Task.FromResult(new Harm([silo], HealAsync()));

        async Task HealAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancellation);
            scene.Cluster.Signal(silo, "CONT");
        }
    })
    {
        Lasts = TimeSpan.FromSeconds(seconds),
    };

    private static Task<Harm> CutAsync(Scene scene, CancellationToken cancellation)
    {
        string silo = scene.SiloOfSomeExpert();
        scene.Cluster.Fault(silo, f => f with { Cut = true });
        return Task.FromResult(new Harm([silo], HealAsync()));

        async Task HealAsync()
        {
            await Task.Delay(Cut, cancellation);
            scene.Cluster.Fault(silo, f => f with { Cut = false });
        }
    }

    private static Task<Harm> DatabaseAsync(Scene scene, TimeSpan pause, CancellationToken cancellation)
    {
        LocalCluster.StopDatabase(scene.Cluster.Folder);
        return Task.FromResult(new Harm([], HealAsync()));

        async Task HealAsync()
        {
            await Task.Delay(pause, cancellation);
            await LocalCluster.StartDatabaseAsync(scene.Cluster.Folder, cancellation);
        }
    }

    private static Task<Harm> DiskFullAsync(Scene scene, CancellationToken cancellation)
    {
        string silo = scene.SiloOfSomeExpert();
        scene.Cluster.Fault(silo, f => f with { DiskFull = true });
        return Task.FromResult(new Harm([silo], HealAsync()));

        async Task HealAsync()
        {
            await Task.Delay(Full, cancellation);
            scene.Cluster.Fault(silo, f => f with { DiskFull = false });
        }
    }

    private static Task<Harm> ClockAsync(Scene scene, CancellationToken cancellation)
    {
        string silo = scene.SiloOfSomeExpert();
        double seconds = scene.Random.Next(-300, 301);
        scene.Cluster.Fault(silo, f => f with { ClockSeconds = seconds });
        return Task.FromResult(new Harm([silo], HealAsync()));

        async Task HealAsync()
        {
            await Task.Delay(Wrong, cancellation);
            scene.Cluster.Fault(silo, f => f with { ClockSeconds = 0 });
        }
    }

    private static async Task<Harm> TornAsync(Scene scene, CancellationToken cancellation)
    {
        // Anywhere in the time between two checkpoints, and so in the middle of one sometimes.
        await Task.Delay(scene.Random.Next(2000), cancellation);
        scene.Cluster.Kill(scene.Cluster.Silos);
        await Task.Delay(TimeSpan.FromMilliseconds(200), cancellation);
        FileInfo[] files =
        [
            .. scene.Cluster.Silos.SelectMany(s => new DirectoryInfo(Path.Combine(scene.Cluster.Folder, s, "artifacts")).EnumerateFiles("*", SearchOption.AllDirectories))
                .Where(f => f.Name.Length == 64),
        ];
        string newest = files.MaxBy(f => f.LastWriteTimeUtc)?.Name ?? throw new InvalidOperationException("No silo holds an artifact.");
        foreach (FileInfo copy in files.Where(f => f.Name == newest))
        {
            using FileStream stream = copy.Open(FileMode.Open, FileAccess.Write);
            stream.SetLength(scene.Random.NextInt64(copy.Length));
        }

        return Harm.To(scene.Cluster.Silos);
    }
}
