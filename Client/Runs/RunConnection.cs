using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Client.Runs;

/// <summary>The run that another process drives.</summary>
internal sealed class RunConnection : IAsyncDisposable
{
    private readonly ClusterConnection _connection;

    private RunConnection(ClusterConnection connection, IRunGrain run) => (_connection, Run) = (connection, run);

    /// <summary>The run.</summary>
    public IRunGrain Run { get; }

    /// <summary>Whether a process drives the run of this folder.</summary>
    public static bool IsLive(RunFolder folder) => EndpointFile.Read(folder.Path) is not null;

    /// <summary>Connects.</summary>
    /// <exception cref="ClusterUnreachableException">No process drives it, or it does not answer.</exception>
    public static async Task<RunConnection> OpenAsync(RunFolder folder, CancellationToken cancellation)
    {
        ClusterConnection connection = await ClusterConnection.ToRunFolderAsync(folder.Path, cancellation);
        return new RunConnection(connection, connection.Client.GetGrain<IRunGrain>(GrainKeys.Run(folder.ReadSpec().Name)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
