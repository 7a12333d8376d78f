using Microsoft.Extensions.Hosting;

namespace OrleansDDM.Silos.Embedding;

/// <summary>A host lifetime that leaves the process's signals alone: they belong to the program that embeds the host.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
