person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# All ordered long ago; the ninety days end while the story goes on. An comes back after the first letter, Huy stops.
+0h   event an order order=a1 total=300000 historical at=-85d
+0h   event binh order order=b1 total=300000 historical at=-85d
+0h   event khach order order=k1 total=300000 historical at=-85d
+0h   event huy order order=h1 total=300000 historical at=-85d
+0h   event lima order order=l1 total=300000 historical at=-80d
+0h   event berlin order order=e1 total=300000 historical at=-64d
+8d   event an order order=a2 total=500000
+14d  unsubscribe huy
+60d  show binh tags
until +90d
