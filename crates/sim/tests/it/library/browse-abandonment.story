person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# Three looks are needed; An puts it into the cart, Huy first only glances and later stops, Lima and Berlin look when
# it is night there, Binh is not written to twice in a week and orders in the end.
+0h   event an view   +5m event an view   +9m event an view   +40m event an cart
+0h   event binh view   +4m event binh view   +8m event binh view
+1h   event khach view   +2h event khach view   +3h event khach view
+2h   event huy view
+9d   event huy view   +217h event huy view   +218h event huy view
+10d  unsubscribe huy
+20d  event huy view   +481h event huy view   +482h event huy view
+6h   event lima view   +7h event lima view   +8h event lima view
+27d  event berlin view   +649h event berlin view   +650h event berlin view
+2d   event binh view   +49h event binh view   +50h event binh view
+8d   event binh view   +193h event binh view   +194h event binh view
+9d   event binh order order=b1 total=300000
until +90d
