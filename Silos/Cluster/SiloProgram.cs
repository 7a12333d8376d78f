using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Cluster;

/// <summary>The program <c>Silos</c>: one silo of a cluster, until it is interrupted or terminated.</summary>
public static class SiloProgram
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>
    /// Reads the settings, checks the database and serves. One line of JSON on stdout says when it is ready; mistakes are one line on stderr.
    /// </summary>
    /// <returns>0 = ended in good order, 1 = failed, 3 = a wrong setting, key or certificate, or a schema that is missing or old, 4 = no database answers.</returns>
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
            await using ClusterSilo silo = await ClusterSilo.StartAsync(options, new LearningRuntime(DatasetCatalog.Default(options.DataRoots)));
            Console.WriteLine(JsonSerializer.Serialize(silo.Info, Json));
            await ended.Task;
            return 0;
        }
        catch (Exception e) when (e is ConfigurationException or SchemaException or SecurityException or ClusterUnreachableException)
        {
            await Console.Error.WriteLineAsync("silo: " + e.Message);
            return e is ClusterUnreachableException ? 4 : 3;
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ended.TrySetResult();
        }
    }
}
