using OrleansDDM.Experiments.Compare;

namespace OrleansDDM.Experiments.Claims;

/// <summary>A published claim about decentralized learning, and how it is put to the test: arms, gates and controls.</summary>
public abstract class ClaimExperiment
{
    /// <summary>Name on the command line, e.g. <c>variance</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What is tested, as a heading.</summary>
    public abstract string Title { get; }

    /// <summary>Paper and what it claims.</summary>
    public abstract string Paper { get; }

    /// <summary>Everything that fixes a result beside arm and seed; part of the plan's hash.</summary>
    public abstract object Settings { get; }

    /// <summary>Names of the arms, in order.</summary>
    public abstract IReadOnlyList<string> Arms { get; }

    /// <summary>Runs one arm under one seed.</summary>
    /// <param name="arm">One of <see cref="Arms"/>.</param>
    /// <param name="seed">Seed of everything random.</param>
    /// <param name="context">Data and threads.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public abstract ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation);

    /// <summary>Compares measurements with the gates.</summary>
    public abstract IReadOnlyList<Gate> Gates(ClaimRecords records);

    /// <summary>Figures without which the claims would mean little.</summary>
    public abstract IReadOnlyList<Control> Controls(ClaimRecords records);

    /// <summary>Plots.</summary>
    public abstract IReadOnlyList<ClaimChart> Charts(ClaimRecords records);

    /// <summary>Figures to tabulate for every arm: name of the value, heading, and how to print it.</summary>
    public abstract IReadOnlyList<ClaimColumn> Columns { get; }
}

/// <summary>A column of the table of arms.</summary>
/// <param name="Value">Name of the value in <see cref="ArmRecord.Values"/>.</param>
/// <param name="Heading">Heading.</param>
/// <param name="Percent">Whether it is a share.</param>
public sealed record ClaimColumn(string Value, string Heading, bool Percent = false);
