using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Cluster;

/// <summary>The program <c>Silos</c>: one silo of a cluster, until it is interrupted, terminated, asked to leave, or taken for dead.</summary>
public static class SiloProgram
{
    private const int Failure = 1;
    private const int BadConfiguration = 3;
    private const int Unreachable = 4;
    private const int Interrupted = 130;

    // A start that is given up goes in order within seconds; one that hangs must not keep the process.
    private static readonly TimeSpan GiveUpLimit = TimeSpan.FromSeconds(5);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>
    /// Reads the settings, checks the database and serves. One line of JSON on stdout says when it is ready; mistakes are one line on stderr.
    /// </summary>
    /// <returns>
    /// 0 = ended in good order, 1 = failed, or taken for dead by the other silos, 3 = a wrong setting, key or certificate, or a schema that is missing or old,
    /// 4 = no database answers, 130 = told to end before it was ready.
    /// </returns>
    public static async Task<int> RunAsync(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.Write(SiloSettings.Help());
            return 0;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            ClusterSiloOptions options = SiloSettings.Read(args, Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .Select(e => KeyValuePair.Create((string)e.Key, (string?)e.Value ?? string.Empty)));
            using var giveUp = new CancellationTokenSource();
            Task<ClusterSilo> starting = ClusterSilo.StartAsync(options, new LearningRuntime(DatasetCatalog.Default(options.DataRoots)), giveUp.Token);
            return await Task.WhenAny(starting, ended.Task) == starting ? await ServeAsync(await starting, ended.Task) : await GiveUpAsync(starting, giveUp);
        }
        catch (Exception e)
        {
            (int code, string message) = e switch
            {
                ConfigurationException or SchemaException or SecurityException => (BadConfiguration, e.Message),
                ClusterUnreachableException => (Unreachable, e.Message),
                _ => (Failure, $"It failed: {e.GetBaseException().Message} ({e.GetType().Name})"),
            };
            await Console.Error.WriteLineAsync("silo: " + message);
            return code;
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ended.TrySetResult();
        }
    }

    private static async Task<int> ServeAsync(ClusterSilo silo, Task ended)
    {
        using var unobserved = new UnobservedTasks(silo.Services.GetRequiredService<ILogger<UnobservedTasks>>());
        Console.WriteLine(JsonSerializer.Serialize(silo.Info, Json));
        if (await Task.WhenAny(ended, silo.Draining, silo.Failed) == silo.Failed)
        {
            // Nothing is put in order: another silo has its work by now.
            await Console.Error.WriteLineAsync($"silo: It ends, as it cannot go on: {(await silo.Failed).Split('\n')[0]} Start it again.");
            Environment.Exit(Failure);
        }

        await silo.DisposeAsync();
        return 0;
    }

    private static async Task<int> GiveUpAsync(Task<ClusterSilo> starting, CancellationTokenSource giveUp)
    {
        await giveUp.CancelAsync();
        if (await Task.WhenAny(starting, Task.Delay(GiveUpLimit)) == starting && starting.IsCompletedSuccessfully)
        {
            await (await starting).DisposeAsync();
        }

        await Console.Error.WriteLineAsync("silo: It was told to end before it was ready.");
        return Interrupted;
    }
}
