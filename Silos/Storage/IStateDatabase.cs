namespace OrleansDDM.Silos.Storage;

/// <summary>The database with the state of a silo's grains, as pages and health checks see it.</summary>
internal interface IStateDatabase
{
    /// <summary>Asks it something small.</summary>
    /// <exception cref="Exception">It does not answer.</exception>
    Task PingAsync(CancellationToken cancellation);

    /// <summary>The keys of all runs that were ever submitted, in order.</summary>
    Task<IReadOnlyList<string>> RunKeysAsync(CancellationToken cancellation);
}
