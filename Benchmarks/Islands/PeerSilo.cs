using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading.Channels;

using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// One silo in a process of its own, on loopback only: what <see cref="SilosArm"/> starts this program as. It answers each line of its input with
/// what it has taken, as JSON; the first answer comes unasked, when it is active. It ends when its input does, which happens however its parent ends.
/// </summary>
internal static class PeerSilo
{
    /// <summary>The command that this program is started with.</summary>
    public const string Command = "peer-silo";

    /// <summary>Variables of the environment: the connection string is not for the command line, which everybody on the machine can read.</summary>
    public const string Connection = "DDM_BENCHMARK_CONNECTION", Name = "DDM_BENCHMARK_SILO", Folder = "DDM_BENCHMARK_FOLDER";

    /// <summary>Longest time for an orderly end.</summary>
    public static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);

    /// <summary>Runs the silo to its end.</summary>
    public static async Task<int> RunAsync()
    {
        // An interrupt at the terminal reaches us too; our parent ends us.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => c.Cancel = true);
        ChannelReader<string> questions = Listen();
        ClassifierRuntime runtime = PeersBenchmark.Runtime();
        var options = new ClusterSiloOptions
        {
            Connection = Variable(Connection),
            Name = Variable(Name),
            Folder = Variable(Folder),
            ExpectedSilos = PeersBenchmark.Peers,
            WebUrl = null,
            Slots = 1,
            ThreadsPerSlot = 1,
            LogLevel = LogLevel.Error,
            StopLimit = EndLimit,
        };
        await using ClusterSilo silo = await ClusterSilo.StartAsync(options, runtime);
        _ = EndWithAsync(silo);
        Answer(runtime);
        await foreach (string _ in questions.ReadAllAsync())
        {
            Answer(runtime);
        }

        return 0;
    }

    private static ChannelReader<string> Listen()
    {
        var lines = Channel.CreateUnbounded<string>();
        new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line)
            {
                lines.Writer.TryWrite(line);
            }

            lines.Writer.Complete();

            // Whatever keeps the silo from its end, or its beginning, nobody waits for it any more.
            Thread.Sleep(EndLimit);
            Environment.Exit(1);
        })
        { IsBackground = true }.Start();
        return lines.Reader;
    }

    private static async Task EndWithAsync(ClusterSilo silo)
    {
        await Console.Error.WriteLineAsync($"{silo.Info.Name} cannot go on: {(await silo.Failed).Split('\n')[0]}");
        Environment.Exit(1);
    }

    private static void Answer(ClassifierRuntime runtime)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(runtime.Use()));
        Console.Out.Flush();
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name)
        ?? throw new InvalidOperationException($"{Command} is what the benchmark 'peers' starts by itself; {name} is not set.");
}
