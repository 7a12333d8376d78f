using OrleansDDM.Client.Chaos;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Client.Chaos;

/// <summary>What <c>ddm chaos</c> judges by must itself be right.</summary>
public sealed class ChaosPartsTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_of_a_killed_silo_is_back_only_under_a_new_term_and_with_progress()
    {
        ModelWatch watch = Watch(struck: true, kills: true);
        watch.See(Status(term: 1, step: 120, from: 0));
        watch.Heal(null);
        watch.See(Status(term: 1, step: 130, from: 0));
        Assert.False(watch.IsBack);
        watch.See(Status(term: 2, step: 130, from: null));
        watch.See(Status(term: 2, step: 90, from: 90));
        Assert.Equal((false, 90, 40), (watch.IsBack, watch.From, watch.Lost));
        watch.See(Status(term: 2, step: 91, from: 90));
        Assert.True(watch.IsBack);
    }

    [Fact]
    public void A_model_of_a_hung_silo_may_go_on_where_it_is_once_that_is_healed()
    {
        ModelWatch watch = Watch(struck: true, kills: false);
        watch.See(Status(term: 1, step: 140, from: 0));
        Assert.False(watch.IsBack);
        watch.Heal(null);
        watch.See(Status(term: 1, step: 140, from: 0));
        watch.See(Status(term: 1, step: 141, from: 0));
        Assert.Equal((true, 0, null), (watch.IsBack, watch.Lost, watch.From));
    }

    [Fact]
    public void Only_the_checkpoints_that_a_fault_spares_are_promised()
    {
        ModelWatch watch = Watch(struck: true, kills: true);
        Assert.Equal([80, 60, 0], new[] { 0, 1, 2 }.Select(watch.Promised));
    }

    [Theory]
    [InlineData("Unhandled exception. System.Exception: x", true)]
    [InlineData("crit: Orleans[1]", true)]
    [InlineData("2026-01-02T03:04:05.678Z crit: Orleans[1]", true)]
    [InlineData("      expert-0 faulted", true)]
    [InlineData("warn: OrleansDDM.Grains.RunGrain[0]", false)]
    [InlineData("      Run r: expert-0 could not be reached", false)]
    public void Lines_about_exceptions_that_nobody_handled_are_found(string line, bool unhandled) => Assert.Equal(unhandled, ChaosLogs.IsUnhandled(line));

    [Fact]
    public void Weights_are_the_same_if_their_values_are_whatever_their_header_says()
    {
        Assert.Equal(Hash("one", 1, 2), Hash("two", 1, 2));
        Assert.NotEqual(Hash("one", 1, 2), Hash("one", 1, 2.0000002f));
    }

    [Fact]
    public void The_middle_of_measured_values_is_the_median()
    {
        Assert.Equal(new Spread(1, 2.5, 9), Spread.Of([9, 2, 3, 1]));
        Assert.Equal("1/2/9", Spread.Of([9, 2, 1])!.ToString());
        Assert.Null(Spread.Of([]));
    }

    [Fact]
    public void Every_mix_and_every_name_is_known_once()
    {
        Assert.Equal(FaultCatalog.All.Count, FaultCatalog.All.Select(f => f.Name).Distinct().Count());
        Assert.All(Enum.GetValues<ChaosMix>(), mix => Assert.Equal(mix == ChaosMix.Load, FaultCatalog.Mix(mix).Count == 0));
        Assert.All(FaultCatalog.Mix(ChaosMix.Kill), f => Assert.StartsWith("kill-", f.Name, StringComparison.Ordinal));
    }

    private static ModelWatch Watch(bool struck, bool kills) => new(Status(term: 1, step: 100, from: 0), struck, kills);

    private static ModelStatus Status(long term, int step, int? from) => new()
    {
        Role = "expert-0",
        Phase = ModelPhase.Training,
        Term = term,
        Step = step,
        From = from,
        Checkpoints = [Checkpoint(60), Checkpoint(80)],
    };

    private static CheckpointReference Checkpoint(int step) => new(new ArtifactReference(new string('a', 64), 1), step, 1, null);

    private string Hash(string identity, params float[] values)
    {
        string path = _folder.File(identity + values[1]);
        File.WriteAllBytes(path, SafetensorsWriter.Write(
            [SafetensorsEntry.Of("w", [values.Length], values)], new Dictionary<string, string> { ["identity"] = identity + new string(' ', identity[0] - 'a') }));
        return WeightHash.Of(path);
    }
}
