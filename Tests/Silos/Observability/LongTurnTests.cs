using System.Diagnostics.Metrics;

using Microsoft.Extensions.DependencyInjection;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>Heavy work stays out of the turns of grains: Orleans counts those that take longer than a second.</summary>
public sealed class LongTurnTests
{
    private const string LongTurns = "orleans-scheduler-long-running-turns";

    [Fact]
    public async Task A_real_run_has_no_long_turn()
    {
        bool published = false;
        long turns = 0;
        object? scope = null;
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == LongTurns)
            {
                lock (found)
                {
                    found.Add(instrument);
                }

                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((i, value, _, _) => Add(i, value));
        listener.SetMeasurementEventCallback<long>((i, value, _, _) => Add(i, value));
        listener.Start();
        await using WebSilo silo = await WebSilo.StartAsync(new LearningRuntime(DatasetCatalog.Default([])));

        // Other tests have silos in this process as well.
        scope = silo.Silo.Services.GetRequiredService<IMeterFactory>();
        lock (found)
        {
            published = found.Any(i => i.Meter.Scope == scope);
        }

        RunSpec demo = Presets.Demo;
        await silo.SubmitAsync(demo with
        {
            Data = demo.Data with { ShapesCount = 500, ShapesSize = 8 },
            Experts = demo.Experts with { Count = 2 },
            Clustering = demo.Clustering with { FineCentroids = 8, Dimensions = 4 },
            Training = demo.Training with { Steps = 60, Batch = 64, CheckpointSeconds = 0.2 },
        });
        Assert.Equal(RunPhase.Ready, (await silo.SettledAsync(demo.Name)).Phase);
        Assert.True(published);
        Assert.Equal(0, Interlocked.Read(ref turns));

        void Add(Instrument instrument, long value)
        {
            if (instrument.Meter.Scope == scope)
            {
                Interlocked.Add(ref turns, value);
            }
        }
    }
}
