using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Claims.Dadao;
using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>The claim about DADAO in small.</summary>
public sealed class DadaoTests
{
    [Fact]
    public void It_finds_the_optimum_at_the_promised_rate_on_unlike_graphs_and_diverges_with_half_of_the_exchanges()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ddm-claims-");
        try
        {
            var experiment = new DadaoExperiment(new DadaoSettings { Time = 300, Every = 5, Conditions = [10, 40] });
            using var context = new ClaimContext(new DatasetCatalog([]));
            ClaimFindings findings = new ClaimRunner(experiment, new ClaimFolder(folder.FullName, "dadao"), context).Run([3], true, null, CancellationToken.None);
            Assert.All(["complete", "star", "grid", "cycle", "barbell", "barbell-optimised", "grid-logistic"], arm =>
            {
                ArmRecord record = findings.Records.Of(arm, 3);
                Assert.True(record["rate"] >= 0.9 * record["theory"], $"{arm}: {record["rate"]} of {record["theory"]}");
                Assert.True(record["error"] < 0.01, $"{arm}: {record["error"]}");
            });
            Assert.False(findings.Records.Of("cycle-halved-rates", 3)["error"] < 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
