using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Devices;

/// <summary>
/// Which silos have told that they lack what a model needs. Such a model moves on by itself; where no silo is left it is asked again only
/// after a while. Used in the run's turns only.
/// </summary>
/// <param name="clock">Clock.</param>
/// <param name="period">Time after which a silo is asked again.</param>
internal sealed class UnfitSilos(TimeProvider clock, Func<TimeSpan> period)
{
    private readonly Dictionary<(string Role, string Silo), long> _told = [];

    /// <summary>Takes a model's word for it.</summary>
    public void Note(ModelStatus status)
    {
        if (status is { Phase: ModelPhase.Waiting, Silo: { } silo })
        {
            _told[(status.Role, silo)] = clock.GetTimestamp();
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _told.Clear();

    /// <summary>Whether a silo is left that has not told.</summary>
    public bool MayTry(string role, IReadOnlyList<ActiveSilo> silos) => silos.Count == 0 || silos.Any(s => IsFit(role, s));

    private bool IsFit(string role, ActiveSilo silo) =>
        !_told.TryGetValue((role, silo.Name), out long told) || clock.GetElapsedTime(told) >= period();
}
