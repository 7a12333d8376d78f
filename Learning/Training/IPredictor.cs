using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// One trained model on a slot, a pure function. It is created, used and disposed on the slot's thread and is not thread-safe.
/// </summary>
public interface IPredictor : IDisposable
{
    /// <summary>The model's prediction at one level, in new memory.</summary>
    /// <param name="x">Noisy samples, (B, C, H, W) row-major.</param>
    /// <param name="batch">B.</param>
    /// <param name="level">The noise level of all of them.</param>
    /// <param name="classes">Class of each sample, -1 = unconditional; null = all unconditional.</param>
    /// <returns>An expert: (B, C, H, W) in the run's parameterization. The router: probabilities, (B, K), each row sums to 1.</returns>
    float[] Predict(float[] x, int batch, Level level, int[]? classes);
}
