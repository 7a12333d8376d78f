using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using OrleansDDM.Experiments.Compare;

namespace OrleansDDM.Experiments.Claims;

/// <summary>Runs the arms of an experiment one after the other; those that are measured already are not run again.</summary>
/// <param name="experiment">The experiment.</param>
/// <param name="folder">Where records are kept.</param>
/// <param name="context">Data and threads.</param>
public sealed class ClaimRunner(ClaimExperiment experiment, ClaimFolder folder, ClaimContext context)
{
    // Raised whenever the code changes what an arm gives under the same settings.
    private const int Version = 4;

    /// <summary>Hash of name, settings and version.</summary>
    public string PlanHash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{experiment.Name}/{Version}/{JsonSerializer.Serialize(experiment.Settings, experiment.Settings.GetType(), CompareJson.Options)}")));

    /// <summary>Runs what is missing, and draws the findings.</summary>
    /// <param name="seeds">Seeds.</param>
    /// <param name="quick">Whether the settings are those of the quick form; only noted.</param>
    /// <param name="progress">Told of every arm.</param>
    /// <param name="cancellation">Interrupts; run again to go on.</param>
    public ClaimFindings Run(IReadOnlyList<ulong> seeds, bool quick, IProgress<string>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var records = new List<ArmRecord>();
        int total = seeds.Count * experiment.Arms.Count;
        foreach (ulong seed in seeds)
        {
            foreach (string arm in experiment.Arms)
            {
                cancellation.ThrowIfCancellationRequested();
                ArmRecord? record = folder.Read(PlanHash, arm, seed);
                string state = "measured already";
                if (record is null)
                {
                    var clock = Stopwatch.StartNew();
                    record = experiment.Run(arm, seed, context, cancellation) with { PlanHash = PlanHash, Arm = arm, Seed = seed };
                    record = record with { Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3) };
                    folder.Write(record);
                    state = string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0.0} s");
                }

                records.Add(record);
                progress?.Report(string.Create(CultureInfo.InvariantCulture, $"[{records.Count}/{total}] {experiment.Name} {arm}, seed {seed}: {state}"));
            }
        }

        return new ClaimFindings(experiment, new ClaimRecords(seeds, records), quick, PlanHash);
    }
}
