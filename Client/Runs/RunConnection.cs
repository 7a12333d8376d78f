using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Client.Runs;

/// <summary>A run that another process drives: the silo of its folder, or a cluster.</summary>
internal sealed class RunConnection : IAsyncDisposable
{
    private readonly ClusterConnection _connection;

    private RunConnection(ClusterConnection connection, string name) =>
        (_connection, Name, Run) = (connection, name, connection.Client.GetGrain<IRunGrain>(GrainKeys.Run(name)));

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The run.</summary>
    public IRunGrain Run { get; }

    /// <summary>The client behind it.</summary>
    public IGrainFactory Grains => _connection.Client;

    /// <summary>Whether a process drives the run of this folder.</summary>
    public static bool IsLive(RunFolder folder) => EndpointFile.Read(folder.Path) is not null;

    /// <summary>Connects.</summary>
    /// <exception cref="ClusterUnreachableException">No process drives it, or it does not answer.</exception>
    public static async Task<RunConnection> OpenAsync(RunFolder folder, CancellationToken cancellation)
    {
        ClusterConnection connection = await ClusterConnection.ToRunFolderAsync(folder.Path, cancellation);
        return new RunConnection(connection, folder.ReadSpec().Name);
    }

    /// <summary>Connects to the run that the options <c>--run</c> and <c>--cluster</c> name; on a cluster it must exist.</summary>
    /// <exception cref="ClusterUnreachableException">Nobody answers.</exception>
    /// <exception cref="RunNotFoundException">The cluster has no such run.</exception>
    public static async Task<RunConnection> OpenAsync(string run, string? cluster, CancellationToken cancellation)
    {
        if (cluster is null)
        {
            return await OpenAsync(RunFolder.Open(run), cancellation);
        }

        RunConnection connection = await OnClusterAsync(NameOf(run), cluster, cancellation);
        try
        {
            // Every name has a grain; one without a spec was never submitted.
            return (await connection.Run.GetStatusAsync(cancellation)).SpecHash.Length > 0 ? connection : throw new RunNotFoundException(connection.Name);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects to a run of a cluster, whether it exists or not.</summary>
    /// <exception cref="ClusterUnreachableException">Nobody answers.</exception>
    public static async Task<RunConnection> OnClusterAsync(string name, string cluster, CancellationToken cancellation) =>
        new(await ClusterConnection.ToClusterAsync(cluster, cancellation), name);

    // A run folder of this machine names its run; anything else is a name.
    private static string NameOf(string run)
    {
        var folder = new RunFolder(run);
        return folder.Exists ? folder.ReadSpec().Name : run;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
