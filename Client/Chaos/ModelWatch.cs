using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Chaos;

/// <summary>Watches one model through a fault: when it trains again, and how much it had to do again.</summary>
/// <param name="before">As it was right before.</param>
/// <param name="struck">Whether its silo is a victim.</param>
/// <param name="kills">Whether it must go on under a new term then.</param>
internal sealed class ModelWatch(ModelStatus before, bool struck, bool kills)
{
    private long _term = before.Term;
    private int _seen = before.Step;
    private int _newest = before.Step;
    private bool _healed;

    /// <summary>Its role.</summary>
    public string Role => before.Role;

    /// <summary>Whether it has been seen to go on.</summary>
    public bool IsBack { get; private set; }

    /// <summary>Steps done again.</summary>
    public int Lost { get; private set; }

    /// <summary>The lowest step from which it went on; null = it never stopped.</summary>
    public int? From { get; private set; }

    /// <summary>The step that the newest checkpoints which the fault spares allow it to go on from.</summary>
    public int Promised(int spoils) => before.Checkpoints.Length > spoils ? before.Checkpoints[^(1 + spoils)].Step : 0;

    /// <summary>The fault has mended what it broke: progress from here on counts.</summary>
    public void Heal(RunStatus? now)
    {
        _healed = true;
        _seen = Math.Max(_seen, now?.Models.FirstOrDefault(m => m.Role == Role)?.Step ?? _seen);
    }

    /// <summary>Takes a look.</summary>
    public void See(ModelStatus now)
    {
        if (now.Term > _term)
        {
            if (now.From is not { } from)
            {
                return;
            }

            Lost += Math.Max(0, _newest - from);
            From = Math.Min(From ?? from, from);
            (_term, _seen, _newest) = (now.Term, from, from);
        }

        _newest = Math.Max(_newest, now.Step);
        bool counts = _term > before.Term || !struck || (_healed && !kills);
        IsBack |= now.Phase == ModelPhase.Done || (counts && now.Phase == ModelPhase.Training && now.Step > _seen);
    }
}
