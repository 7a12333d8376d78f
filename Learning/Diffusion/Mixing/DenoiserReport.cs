namespace OrleansDDM.Learning.Diffusion;

/// <summary>What an ensemble did in one evaluation.</summary>
/// <param name="Experts">The experts used for each sample, ascending; the conditional half under guidance.</param>
/// <param name="MeanWeights">Effective weight of each expert, mean over samples, (K).</param>
/// <param name="Dropped">Per sample, the router's mass on living experts that the mixing rule left out.</param>
/// <param name="Dead">Per sample, the router's (or prior's) mass on dead experts.</param>
/// <param name="Failed">Experts that failed in this evaluation and were left out, ascending.</param>
/// <param name="Evaluations">Network evaluations: samples asked, summed over experts and guidance passes.</param>
public sealed record DenoiserReport(
    int[][] Experts, double[] MeanWeights, double[] Dropped, double[] Dead, int[] Failed, int Evaluations);
