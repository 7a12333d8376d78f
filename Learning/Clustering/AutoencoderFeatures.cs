namespace OrleansDDM.Learning.Clustering;
public sealed class AutoencoderFeatures { public const string KindName="autoencoder"; public static IFeatureExtractor FromState(FeatureState s)=>throw new NotImplementedException(); }
